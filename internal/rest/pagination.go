package rest

import (
	"fmt"
	"iter"
	"math"
	"net/url"
	"strconv"
	"strings"

	"carebase/internal/forwarded"
)

const (
	defaultPageSize = 100
	maxPageSize     = 500
)

var (
	pageQuery = Field{
		Name: "page", Type: Integer, MinValue: new(int64(1)), Example: 1,
		Description: "The number of the page to return instead of the whole list; `last` for the last page.",
	}
	pageSizeQuery = Field{
		Name: "page_size", Type: Integer, MinValue: new(int64(1)), Example: defaultPageSize,
		Description: fmt.Sprintf("The number of objects on a page, at most %d. Returns one page instead of the whole list.", maxPageSize),
	}
)

// Page is one page of a list, like that of DRF's PageNumberPagination.
type Page struct {
	// Limit and Offset are numbers of rows.
	Limit, Offset int64
	number, last  int64
	count         int64
}

// Paginated reports whether the request asks for a single page.
func (r *Request) Paginated() bool {
	for name := range urlencodedPairs(r.Request.URL.RawQuery) {
		if name == "page" || name == "page_size" {
			return true
		}
	}
	return false
}

// Page returns the page of count rows that ?page= and ?page_size= select. It
// returns a 404 for a page beyond the last.
func (r *Request) Page(count int64) (Page, error) {
	page := Page{Limit: defaultPageSize, number: 1, count: count}
	if size, ok := positiveInteger(r.query("page_size")); ok {
		page.Limit = min(size, maxPageSize)
	}
	page.last = max(1, (count+page.Limit-1)/page.Limit)
	switch text := r.query("page"); text {
	case "":
	case "last":
		page.number = page.last
	default:
		number, ok := positiveInteger(text)
		if !ok || number > page.last {
			return Page{}, NotFound("Invalid page.")
		}
		page.number = number
	}
	page.Offset = (page.number - 1) * page.Limit
	return page, nil
}

// positiveInteger parses an integer above 0, clamped to 64 bits.
func positiveInteger(text string) (int64, bool) {
	digits, negative, ok := pythonInteger(text)
	if !ok || negative || digits == "0" {
		return 0, false
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return math.MaxInt64, true
	}
	return number, true
}

// RespondPage streams the items of a page with the count and the links to the
// next and previous pages.
func (r *Request) RespondPage(page Page, items iter.Seq2[any, error]) error {
	if r.ForSpreadsheets() {
		return r.respondCSV(items)
	}
	r.page = &page
	head, err := encode(Object[any]{
		{"count", page.count},
		{"next", r.pageLink(page, page.number+1)},
		{"previous", r.pageLink(page, page.number-1)},
		{"results", []any{}},
	})
	if err != nil {
		return err
	}
	opening, _, _ := strings.Cut(string(r.indented(head, 0)), "[]")
	return r.respondItems(opening+"[", "]"+r.lineBreak(0)+"}", 2, items)
}

// RespondPart streams the items of a page as an array: the HTML page shows part
// of a whole list with links to the rest.
func (r *Request) RespondPart(page Page, items iter.Seq2[any, error]) error {
	r.page = &page
	return r.RespondList(items)
}

// pageLink returns the absolute URL of a page, or nil if it does not exist.
func (r *Request) pageLink(page Page, number int64) any {
	if number < 1 || number > page.last {
		return nil
	}
	query := r.pageQuery(number)
	if number == 1 {
		query.Del("page")
	}
	link := r.origin()
	link.Path, link.RawQuery = link.Path+r.Request.URL.Path, query.Encode()
	return link.String()
}

// pageQuery returns the request's query with another page number.
func (r *Request) pageQuery(number int64) url.Values {
	query := url.Values{}
	for name, value := range urlencodedPairs(r.Request.URL.RawQuery) {
		query.Add(name, value)
	}
	query.Set("page", strconv.FormatInt(number, 10))
	return query
}

// origin returns the URL by which the client reached the server, as far as to the
// paths that the server knows.
func (r *Request) origin() *url.URL { return forwarded.Origin(r.Request) }

// Origin returns the URL that the server's paths follow, by which the client reached
// it, such as "https://example.com", or "https://example.com/clinic" behind a proxy
// that removes this prefix.
func (r *Request) Origin() string { return r.origin().String() }
