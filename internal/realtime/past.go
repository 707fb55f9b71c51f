package realtime

import "github.com/pocketbase/pocketbase/core"

// recordIn returns a record that was written before its collection became what it is: who
// is sent it is shown no more than who asks for it. A field keeps its id if it gets another
// name; what is not in the collection any more is left out.
func recordIn(collection *core.Collection, record *core.Record) *core.Record {
	before := record.Collection()
	if before == collection {
		return record
	}
	made := core.NewRecord(collection)
	for _, field := range collection.Fields {
		known := before.Fields.GetById(field.GetId())
		if known == nil || known.Type() != field.Type() {
			continue
		}
		value := record.GetRaw(known.GetName())
		if _, isMaybeList := field.(core.MultiValuer); isMaybeList {
			if prepared, err := field.PrepareValue(made, value); err == nil {
				value = prepared
			}
		}
		made.SetRaw(field.GetName(), value)
	}
	if !record.IsNew() {
		made.MarkAsNotNew()
	}
	return made
}
