package routes

import (
	"iter"
	"net/http"
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/query"
	"carebase/internal/rest"
)

// chunkSize limits how much of a list is read at a time. A connection is held
// for one chunk, not until a slow client has read the whole list.
type chunkSize struct{ rows, bytes int64 }

var (
	indexedChunk = chunkSize{rows: 500, bytes: 256 << 10}
	// sortedChunk is larger, because the database sorts again for each chunk.
	sortedChunk = chunkSize{rows: 20_000, bytes: 4 << 20}
)

func (s *resource) list(r *rest.Request) error {
	return s.respondList(r, s.scope(r))
}

// respondList responds with the requested rows in scope, all of them or one
// page, read in chunks. The browsable API never gets more than a page.
func (s *resource) respondList(r *rest.Request, scope dbx.HashExp) error {
	selected, err := s.filter(r, scope)
	if err != nil {
		return err
	}
	asked := listing{resource: s, where: selected.where, order: s.order, size: indexedChunk, limit: all}
	if terms := r.Ordering(); terms != nil {
		asked.order = s.orderOf(terms)
		if !s.isIndexed(terms) {
			asked.size = sortedChunk
		}
	}
	if !r.Paginated() && !r.ForPeople() {
		return r.RespondList(asked.objects(r))
	}
	count, err := s.countSelected(r, selected)
	if err != nil {
		return err
	}
	page, err := r.Page(count)
	if err != nil {
		return err
	}
	asked.offset, asked.limit = page.Offset, page.Limit
	if !r.Paginated() {
		return r.RespondPart(page, asked.objects(r))
	}
	return r.RespondPage(page, asked.objects(r))
}

// all is the limit of an unlimited list.
const all = -1

// listing is a list query on a resource.
type listing struct {
	*resource
	where         []dbx.Expression
	order         order
	size          chunkSize
	offset, limit int64
}

// objects yields the rows, a chunk at a time. Each chunk starts after the last
// row of the previous one.
func (l listing) objects(r *rest.Request) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		ranges, offset, limit := []span{{order: l.order}}, l.offset, l.limit
		recorded := false
		selected, err := l.listed(r)
		if err != nil {
			yield(nil, err)
			return
		}
		for len(ranges) > 0 && limit != 0 {
			asked := l.size.rows
			if limit != all {
				asked = min(asked, limit)
			}
			rows, exhausted, err := l.chunk(r, selected, ranges[0], offset, asked)
			if lostColumns(err) {
				if selected, err = l.reduced(r, selected); err == nil {
					rows, exhausted, err = l.chunk(r, selected, ranges[0], offset, asked)
				}
			}
			// A HEAD response discloses no rows.
			if err == nil && (len(rows) > 0 || !recorded) && r.Request.Method != http.MethodHead {
				err, recorded = l.recordRead(r, rows...), true
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if limit != all {
				limit -= int64(len(rows))
			}
			if offset = 0; exhausted {
				ranges = ranges[1:]
			} else {
				ranges = l.order.after(rows[len(rows)-1])
			}
		}
	}
}

// listed returns what is read of each row.
func (l listing) listed(r *rest.Request) (*selection, error) {
	selected, err := l.selection(l.collection.Creation(), core.FieldNameId).withFiles(l.resource, r) // which place a row
	if err != nil {
		return nil, err
	}
	if !wantsTags(r) {
		return selected, nil
	}
	collection, err := r.App.FindCachedCollectionByNameOrId(l.collection.Name)
	if err != nil {
		return nil, err
	}
	selected.showsTag = true
	return selected.withTag(collection), nil
}

// reduced returns the selection for the collection as it is now. Others may have
// changed it a moment ago, or are about to: PocketBase's cache, which has it already, is
// theirs to read anew.
func (l listing) reduced(r *rest.Request, selected *selection) (*selection, error) {
	collection, err := r.App.FindCollectionByNameOrId(l.collection.Name)
	if err != nil {
		return nil, err
	}
	return selected.within(collection), nil
}

// chunk reads at most limit rows of a range, and fewer if they exceed the chunk
// size in bytes. exhausted reports whether the range has no more rows.
func (l listing) chunk(r *rest.Request, selected *selection, part span, offset, limit int64) (rows []row, exhausted bool, err error) {
	text, arguments, err := query.Select{
		Table: l.collection.Name, Columns: selected.columns, Where: dbx.And(slices.Concat(l.where, part.within)...),
		Order: part.order.clauses(), Offset: offset, Limit: limit,
	}.Build(r.App)
	if err != nil {
		return nil, false, err
	}
	found, err := query.Run(r.Request.Context(), r.App, text, arguments...)
	if err != nil {
		return nil, false, err
	}
	defer found.Close()
	scanner := selected.scanner()
	for size := int64(0); size < l.size.bytes; {
		if !found.Next() {
			return rows, int64(len(rows)) < limit, found.Err()
		}
		if err := found.Scan(scanner.destinations...); err != nil {
			return nil, false, err
		}
		row := scanner.row()
		rows = append(rows, row)
		size += row.size()
	}
	return rows, false, nil
}
