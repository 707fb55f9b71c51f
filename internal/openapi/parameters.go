package openapi

import (
	"reflect"

	"carebase/internal/rest"
)

// shareParameters makes a component of each parameter that several operations have,
// under its name. Another parameter of the same name stays where it is.
func (d *document) shareParameters() {
	for _, parameter := range d.allParameters() {
		known, found := d.Components.Parameters.Get(parameter.Name)
		same := func(other *Parameter) bool { return other.shared == "" && reflect.DeepEqual(*other, *parameter) }
		switch {
		case found && reflect.DeepEqual(known, *parameter):
			parameter.shared = parameter.Name
		case !found && d.count(same) > 1:
			d.Components.Parameters = append(d.Components.Parameters, rest.Entry[Parameter]{Key: parameter.Name, Value: *parameter})
			parameter.shared = parameter.Name
		}
	}
	sortByKey(d.Components.Parameters)
}

// allParameters returns the parameters of all operations and paths.
func (d *document) allParameters() []*Parameter {
	var all []*Parameter
	for _, path := range d.Paths {
		for i := range path.Value.Parameters {
			all = append(all, &path.Value.Parameters[i])
		}
		for _, operation := range path.Value.Operations() {
			for i := range operation.Value.Parameters {
				all = append(all, &operation.Value.Parameters[i])
			}
		}
	}
	return all
}

func (d *document) count(matches func(*Parameter) bool) (count int) {
	for _, parameter := range d.allParameters() {
		if matches(parameter) {
			count++
		}
	}
	return count
}
