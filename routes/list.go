package routes

import (
	"iter"
	"slices"

	"github.com/pocketbase/dbx"

	"carebase/rest"
)

const (
	// chunkRows and chunkBytes are how much of a list is read at a time. A
	// connection is held for one chunk, not for as long as a client takes.
	chunkRows  = 500
	chunkBytes = 256 << 10
)

func (s *resource) list(r *rest.Request) error {
	return s.respondList(r, s.scope(r), newestFirst)
}

// respondList answers with the rows in scope that the request asks for, all of
// them or one page, in chunks.
func (s *resource) respondList(r *rest.Request, scope dbx.HashExp, order order) error {
	where, err := s.filter(r, scope)
	if err != nil {
		return err
	}
	if terms := r.Ordering(); terms != nil {
		order = slices.Concat(orderOf(terms), newestFirst)
	}
	if !r.Paginated() {
		return r.RespondList(s.rows(r, where, order, 0, all))
	}
	count, err := s.count(r, where)
	if err != nil {
		return err
	}
	page, err := r.Page(count)
	if err != nil {
		return err
	}
	return r.RespondPage(page, s.rows(r, where, order, page.Offset, page.Limit))
}

// all is the limit of a list without one.
const all = -1

// rows yields the objects of limit rows from an offset on. Each chunk begins
// behind the last row of the one before.
func (s *resource) rows(r *rest.Request, where dbx.Expression, order order, offset, limit int64) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		remaining := where
		for limit != 0 {
			asked := int64(chunkRows)
			if limit != all {
				asked = min(asked, limit)
			}
			chunk, err := s.chunk(r, remaining, order, offset, asked)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range chunk.rows {
				if !yield(row.object(), nil) {
					return
				}
			}
			if chunk.isLast {
				return
			}
			if limit != all {
				limit -= int64(len(chunk.rows))
			}
			remaining, offset = dbx.And(where, order.after(chunk.rows[len(chunk.rows)-1])), 0
		}
	}
}

// chunk is part of a list.
type chunk struct {
	rows   []*row
	isLast bool
}

// chunk reads rows from an offset on, at most so many, and fewer of large ones.
func (s *resource) chunk(r *rest.Request, where dbx.Expression, order order, offset, limit int64) (chunk, error) {
	found, err := r.App.ConcurrentDB().Select(s.columns()...).From(s.collection).Where(where).
		OrderBy(order.clauses()...).Offset(offset).Limit(limit).
		WithContext(r.Request.Context()).Rows()
	if err != nil {
		return chunk{}, err
	}
	defer found.Close()
	var rows []*row
	for size := 0; size < chunkBytes; {
		if !found.Next() {
			return chunk{rows: rows, isLast: int64(len(rows)) < limit}, found.Err()
		}
		row := s.newRow()
		if err := found.Scan(row.destinations()...); err != nil {
			return chunk{}, err
		}
		rows = append(rows, row)
		size += row.size()
	}
	return chunk{rows: rows}, nil
}
