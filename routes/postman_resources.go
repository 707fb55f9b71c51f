package routes

import (
	"slices"
	"strings"

	"carebase/internal/collections"
	"carebase/internal/openapi"
	"carebase/internal/postman"
	"carebase/internal/rest"
)

// chapters returns the whole collection: story, a chapter for each declared
// resource that neither story nor ending covers, and ending, which also deletes
// the records created in those chapters.
func chapters(document *openapi.Document, drawn ...*collections.Collection) []postman.Chapter {
	opening := slices.Clone(story)
	closing := slices.Clone(ending)
	for _, collection := range append(slices.Clip(collections.All()), drawn...) {
		if collection.Resource == nil || isCovered(collection) {
			continue
		}
		chapter := postman.Chapter{Name: capitalized(collection.Name), Description: collection.Resource.Description}
		for _, step := range lifecycle(collection, drawn) {
			switch {
			case !hasOperation(document, step.Operation):
			case strings.HasSuffix(step.Operation, "_destroy"):
				// In reverse order of creation, because a record may refer to earlier
				// ones.
				closing[0].Steps = slices.Insert(slices.Clone(closing[0].Steps), 0, step)
			default:
				chapter.Steps = append(chapter.Steps, step)
			}
		}
		if chapter.Steps != nil {
			opening = append(opening, chapter)
		}
	}
	return slices.Concat(opening, closing)
}

// storyVariables returns the variables of the collection with their initial
// values.
func storyVariables(drawn ...*collections.Collection) rest.Object[string] {
	variables := rest.Object[string]{
		{Key: "email", Value: exampleEmail}, {Key: "password", Value: examplePassword},
		{Key: "access", Value: ""}, {Key: "refresh", Value: ""},
	}
	for _, collection := range append(slices.Clip(collections.All()), drawn...) {
		if collection.Resource != nil {
			variables = append(variables, rest.Entry[string]{Key: idVariable(collection)})
		}
	}
	return append(variables, rest.Entry[string]{Key: "sessionId"})
}

// idVariable returns the name of the variable that holds the id of the
// collection's record.
func idVariable(collection *collections.Collection) string {
	return strings.ReplaceAll(collection.Resource.Noun, " ", "_") + "Id"
}

// isCovered reports whether story or ending uses a collection's operations.
func isCovered(collection *collections.Collection) bool {
	return slices.ContainsFunc(slices.Concat(story, ending), func(chapter postman.Chapter) bool {
		return slices.ContainsFunc(chapter.Steps, func(step postman.Step) bool {
			return strings.HasPrefix(step.Operation, collection.Name+"_")
		})
	})
}

func hasOperation(document *openapi.Document, id string) bool {
	return slices.ContainsFunc(document.Paths, func(path rest.Entry[*openapi.PathItem]) bool {
		return slices.ContainsFunc(path.Value.Operations(), func(operation rest.Entry[*openapi.Operation]) bool {
			return operation.Value.OperationID == id
		})
	})
}

// lifecycle returns the steps that create, read, change and delete a record.
// Its relations point to the other records of the collection run.
func lifecycle(collection *collections.Collection, drawn []*collections.Collection) []postman.Step {
	variable := idVariable(collection)
	path := map[string]string{"id": "{{" + variable + "}}"}
	var body rest.Object[any]
	for _, relation := range collection.Relations {
		target := idVariable(collections.Get(relation.Target))
		body = append(body, rest.Entry[any]{Key: relation.Field, Value: "{{" + target + "}}"})
	}
	for _, link := range collection.Links {
		if target := madeBefore(collection, link.Target, drawn); target != nil {
			body = append(body, rest.Entry[any]{Key: link.Field, Value: "{{" + idVariable(target) + "}}"})
		}
	}
	return []postman.Step{
		{Operation: collection.Name + "_create", Body: body, Save: rest.Object[string]{{Key: variable, Value: "id"}}},
		{Operation: collection.Name + "_list"},
		{Operation: collection.Name + "_retrieve", Path: path},
		{Operation: collection.Name + "_update", Path: path, Body: body},
		{Operation: collection.Name + "_partial_update", Path: path, Body: body},
		{Operation: collection.Name + "_destroy", Path: path},
	}
}

// madeBefore returns the declaration of a collection whose record the run creates
// before that of another one; nil if it does not.
func madeBefore(collection *collections.Collection, target string, drawn []*collections.Collection) *collections.Collection {
	if declared := collections.Get(target); declared != nil && declared.Resource != nil {
		return declared
	}
	for _, other := range drawn {
		if other.Name == collection.Name {
			break
		}
		if other.Name == target {
			return other
		}
	}
	return nil
}

func capitalized(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
