package rest

import "fmt"

// Point is the value of a GeoPoint.
type Point struct {
	Lon float64 `json:"lon"`
	Lat float64 `json:"lat"`
}

// AppendJSON implements Appender.
func (p Point) AppendJSON(out []byte) []byte {
	out = FloatValue(p.Lon).AppendJSON(append(out, `{"lon":`...))
	return append(FloatValue(p.Lat).AppendJSON(append(out, `,"lat":`...)), '}')
}

// PointFields are the fields of a GeoPoint.
var PointFields = []Field{
	{Name: "lon", Label: "Lon", Type: Float, Required: true, MinFloat: new(-180.0), MaxFloat: new(180.0), Description: "The longitude in degrees.", Example: 13.4},
	{Name: "lat", Label: "Lat", Type: Float, Required: true, MinFloat: new(-90.0), MaxFloat: new(90.0), Description: "The latitude in degrees.", Example: 52.5},
}

// partOf returns the name of a field's part in a form.
func partOf(field, part string) string { return field + "." + part }

// point returns the parts of a GeoPoint in a form, as DRF's nested serializers read
// them.
func (d Data) point(name string) (raw any, present bool) {
	parts := map[string]any{}
	for _, part := range PointFields {
		if value, sent := d.Get(partOf(name, part.Name)); sent {
			parts[part.Name] = value
		}
	}
	if len(parts) > 0 {
		return parts, true
	}
	raw, present = d.Get(name)
	return raw, present && raw != ""
}

// convertPoint returns a Point, or the FieldErrors of its parts.
func convertPoint(raw any) (any, []string) {
	data := Data{values: map[string]any{}}
	switch raw := raw.(type) {
	case map[string]any:
		data.values = raw
	case dictionary:
		scanner := jsonScanner{text: []byte(raw.text)}
		_, _ = scanner.object(0, func(key, value []byte) { data.values[decodeString(key)] = decodeJSON(value) }) // it is valid
	default:
		return FieldErrors{{Key: NonFieldErrors, Value: []string{fmt.Sprintf("Invalid data. Expected a dictionary, but got %s.", pythonType(raw))}}}, nil
	}
	var degrees [2]float64
	var wrong FieldErrors
	for i := range PointFields {
		part := &PointFields[i]
		value, _, messages := part.read(data, false)
		if messages != nil {
			wrong = append(wrong, Entry[[]string]{Key: part.Name, Value: messages})
			continue
		}
		degrees[i] = value.(float64)
	}
	if wrong != nil {
		return wrong, nil
	}
	return Point{Lon: degrees[0], Lat: degrees[1]}, nil
}
