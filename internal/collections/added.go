package collections

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/rest"
)

// extended returns the declaration with the fields that operators have added to the
// stored collection, behind its own; the declaration itself if there are none.
func (c *Collection) extended(app core.App, stored *core.Collection) *Collection {
	if c.Resource == nil || stored.IsView() {
		return c
	}
	own := c.Fields()
	extended, resource := *c, *c.Resource
	resource.Fields, resource.Filters = slices.Clone(resource.Fields), slices.Clone(resource.Filters)
	extended.Resource = &resource
	for _, field := range stored.Fields {
		if !slices.Contains(own, field.GetName()) {
			extended.add(app, field)
		}
	}
	if len(resource.Fields) == len(c.Resource.Fields) && extended.Links == nil {
		return c
	}
	return &extended
}

// add adds a stored field to the declaration, unless the API does not show it.
func (c *Collection) add(app core.App, stored core.Field) {
	field, ok := fieldOf(stored)
	if relation, isRelation := stored.(*core.RelationField); isRelation {
		target := Find(app, relation.CollectionId)
		if target == nil {
			return
		}
		// Whose records it may name is to be kept whether the API shows it or not.
		c.Links = append(c.Links, Link{relation.Name, target.Name})
		setRelation(&field, relation, target)
	}
	if !ok {
		return
	}
	c.Resource.Fields = append(c.Resource.Fields, field)
	if field.IsComparable() {
		c.Resource.Filters = append(c.Resource.Filters, field.Name)
	}
}

// maxText is PocketBase's limit of a text whose field sets none.
const maxText = 5000

// maxPassword is bcrypt's limit.
const maxPassword = 71

// maxLinks limits the ids in a request, each of which is looked up.
const maxLinks = 500

// maxInteger is the highest integer that is stored exactly: numbers are floats.
const maxInteger = 1<<53 - 1

// fieldOf returns the declaration of a stored field, as DRF's ModelSerializer maps
// fields of models; ok is false for one that the API does not show.
func fieldOf(stored core.Field) (field rest.Field, ok bool) {
	if stored.GetHidden() {
		return field, false
	}
	field.Name, field.Label, field.Added = stored.GetName(), label(stored.GetName()), true
	switch stored := stored.(type) {
	case *core.TextField:
		setText(&field, stored)
	case *core.EditorField:
		field.Type, field.Multiline, field.HTML = rest.String, true, true
		setBlank(&field, stored.Required, stored.Help, "<p>Text</p>")
	case *core.EmailField:
		field.Type, field.MaxLength = rest.Email, maxEmail
		setBlank(&field, stored.Required, stored.Help, "ann@example.com")
	case *core.URLField:
		field.Type = rest.URL
		setBlank(&field, stored.Required, stored.Help, "https://example.com/")
	case *core.NumberField:
		setNumber(&field, stored)
	case *core.BoolField:
		field.Type, field.Required, field.NonZero = rest.Boolean, stored.Required, stored.Required
		setHelp(&field, stored.Help, true)
	case *core.DateField:
		field.Type, field.Required, field.AllowNull, field.EmptyNull = rest.DateTime, stored.Required, !stored.Required, true
		field.After, field.Before = stored.Min.Time(), stored.Max.Time()
		setHelp(&field, stored.Help, ExampleTime)
	case *core.AutodateField:
		field.Type, field.ReadOnly, field.EmptyNull = rest.DateTime, true, true
		setHelp(&field, "", ExampleTime)
	case *core.SelectField:
		setSelect(&field, stored)
	case *core.RelationField:
		// setRelation declares it
	case *core.FileField:
		setFile(&field, stored)
	case *core.GeoPointField:
		field.Type, field.Required = rest.GeoPoint, stored.Required
		setHelp(&field, stored.Help, rest.Point{Lon: 13.4, Lat: 52.5})
	case *core.PasswordField:
		field.Type, field.WriteOnly, field.Secret = rest.String, true, true
		field.MinLength, field.MaxLength = stored.Min, cmp.Or(stored.Max, maxPassword)
		setBlank(&field, stored.Required, stored.Help, "choose-a-good-one")
	case *core.JSONField:
		field.Type, field.Required, field.AllowNull, field.EmptyNull, field.Multiline = rest.JSON, stored.Required, !stored.Required, true, true
		setHelp(&field, stored.Help, rest.Object[any]{{Key: "key", Value: "value"}})
	default:
		return field, false
	}
	return field, true
}

// maxEmail is the length of Django's EmailField.
const maxEmail = 254

// label returns the label that DRF derives from a name.
func label(name string) string {
	words := strings.ToLower(strings.ReplaceAll(name, "_", " "))
	return strings.ToUpper(words[:1]) + words[1:]
}

func setHelp(field *rest.Field, help string, example any) {
	field.HelpText, field.Example = help, example
	field.Description = cmp.Or(help, field.Label+".")
}

// setBlank declares a text, which may be blank unless it is required.
func setBlank(field *rest.Field, required bool, help, example string) {
	field.Required, field.AllowBlank = required, !required
	setHelp(field, help, example)
}

func setText(field *rest.Field, stored *core.TextField) {
	field.Type, field.MinLength, field.MaxLength = rest.String, stored.Min, cmp.Or(stored.Max, maxText)
	// A text that PocketBase generates need not be sent.
	setBlank(field, stored.Required && stored.AutogeneratePattern == "", stored.Help, exampleText(stored))
	if stored.Pattern == "" {
		return
	}
	if pattern, err := regexp.Compile(stored.Pattern); err == nil {
		field.Pattern = pattern
	}
}

// exampleText returns a text that the field accepts, if a simple one does.
func exampleText(stored *core.TextField) string {
	for _, example := range []string{"Text", "A1", "1", "a", "text text text text", strings.Repeat("1", stored.Min)} {
		if stored.ValidatePlainValue(example) == nil {
			return example
		}
	}
	return "Text"
}

func setNumber(field *rest.Field, stored *core.NumberField) {
	field.Required, field.NonZero = stored.Required, stored.Required
	// PocketBase stores 0 where nothing was sent, whatever the limits are.
	if field.NonZero || stored.Min != nil && *stored.Min > 0 || stored.Max != nil && *stored.Max < 0 {
		field.AllowNull, field.EmptyNull = !stored.Required, true
	}
	if !stored.OnlyInt {
		field.Type, field.MinFloat, field.MaxFloat = rest.Float, stored.Min, stored.Max
		setHelp(field, stored.Help, exampleNumber(stored, 1.5))
		return
	}
	field.Type = rest.Integer
	field.MinValue = types.Pointer(clampInteger(stored.Min, -maxInteger))
	field.MaxValue = types.Pointer(clampInteger(stored.Max, maxInteger))
	setHelp(field, stored.Help, int64(exampleNumber(stored, 1)))
}

func clampInteger(limit *float64, otherwise int64) int64 {
	if limit == nil || math.Abs(*limit) > maxInteger {
		return otherwise
	}
	return int64(*limit)
}

// exampleNumber returns a number between the limits.
func exampleNumber(stored *core.NumberField, example float64) float64 {
	if stored.Min != nil {
		example = max(example, *stored.Min)
	}
	if stored.Max != nil {
		example = min(example, *stored.Max)
	}
	return example
}

func setSelect(field *rest.Field, stored *core.SelectField) {
	field.Choices = stored.Values
	if !stored.IsMultiple() {
		field.Type = rest.Choice
		setBlank(field, stored.Required, stored.Help, stored.Values[0])
		return
	}
	field.Type, field.MaxLength = rest.MultipleChoice, stored.MaxSelect
	field.Required, field.AllowBlank = stored.Required, !stored.Required
	setHelp(field, stored.Help, stored.Values[:1])
}

func setRelation(field *rest.Field, stored *core.RelationField, target *core.Collection) {
	field.Type, field.Required, field.TextKeys = rest.PrimaryKey, stored.Required, !HasNumbers(target)
	if declared := Get(target.Name); declared != nil && declared.Resource != nil {
		field.Endpoint = declared.Resource.Fields[0].Endpoint
	}
	switch field.ListLabel = labelField(target); {
	case field.Endpoint == "/api/"+target.Name+"/":
		field.List = field.Endpoint
	case target.ListRule != nil:
		field.List = "/api/collections/" + target.Name + "/records"
	default: // superusers alone may list them
		field.ListLabel = ""
	}
	// An id may name no object: it is an example only of what must be sent.
	var example any
	if stored.Required {
		example = ExampleNumber
		if field.TextKeys {
			example = ExampleID
		}
	}
	setHelp(field, stored.Help, example)
	if stored.IsMultiple() {
		if example != nil {
			field.Example = []any{example}
		}
		field.Type, field.AllowBlank = rest.PrimaryKeys, !stored.Required
		field.MinLength, field.MaxLength = stored.MinSelect, min(stored.MaxSelect, maxLinks)
		return
	}
	field.AllowNull, field.EmptyNull = !stored.Required, true
}

// labelField returns the name of the field by which people know the records of a
// collection: the text that the dashboard calls presentable, else the first one.
func labelField(stored *core.Collection) string {
	first := ""
	for _, field := range stored.Fields {
		text, isText := field.(*core.TextField)
		switch {
		case !isText || text.Hidden || text.PrimaryKey:
		case text.Presentable:
			return text.Name
		case first == "":
			first = text.Name
		}
	}
	return cmp.Or(first, core.FieldNameId)
}

// HasNumbers reports whether a collection's records can have numbers as ids.
func HasNumbers(stored *core.Collection) bool {
	id, ok := stored.Fields.GetByName(core.FieldNameId).(*core.TextField)
	return ok && id.Min <= 1
}

func setFile(field *rest.Field, stored *core.FileField) {
	isImage := func(mimeType string) bool { return strings.HasPrefix(mimeType, "image/") }
	field.Required, field.Protected = stored.Required, stored.Protected
	setHelp(field, stored.Help, nil)
	switch {
	case stored.IsMultiple():
		field.Type, field.MaxLength = rest.Files, stored.MaxSelect
		return
	case len(stored.MimeTypes) > 0 && !slices.ContainsFunc(stored.MimeTypes, func(mimeType string) bool { return !isImage(mimeType) }):
		field.Type, field.Extensions = rest.Image, extensionsOf(stored.MimeTypes)
	default:
		field.Type = rest.File
	}
	field.AllowNull, field.EmptyNull = !stored.Required, true
}

// imageExtensions are the extensions of images' names, by type.
var imageExtensions = map[string][]string{
	"image/png": {"png"}, "image/apng": {"apng", "png"}, "image/jpeg": {"jfif", "jpe", "jpeg", "jpg"}, "image/gif": {"gif"}, "image/webp": {"webp"},
	"image/bmp": {"bmp"}, "image/tiff": {"tif", "tiff"}, "image/svg+xml": {"svg"}, "image/avif": {"avif"}, "image/heic": {"heic"}, "image/heif": {"heif"},
}

// extensionsOf returns the extensions of some types of images; nil for any.
func extensionsOf(mimeTypes []string) []string {
	var all []string
	for _, mimeType := range mimeTypes {
		known, found := imageExtensions[mimeType]
		if !found {
			return nil
		}
		all = append(all, known...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
