package rest

import "iter"

// Section is a list in a document.
type Section struct {
	Name  string
	Items iter.Seq2[any, error]
}

// joint ends one array of a document and begins the next.
type joint string

// RespondDocument answers with an object that has these entries, followed by the
// sections. It is streamed and ended as RespondList's answer is.
func (r *Request) RespondDocument(entries Object[any], sections []Section) error {
	head, err := encode(entries)
	if err != nil {
		return err
	}
	opening := string(head[:len(head)-1])
	return r.respondItems(opening, "]}", 1, func(yield func(any, error) bool) {
		begin := ","
		if len(entries) == 0 {
			begin = ""
		}
		for _, section := range sections {
			if !yield(joint(begin+string(AppendString(nil, section.Name))+":["), nil) {
				return
			}
			begin = "],"
			for item, err := range section.Items {
				if !yield(item, err) {
					return
				}
			}
		}
	})
}
