package rest

import (
	_ "embed"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed page.html
var pageSource string

// pageTemplate has the page in two parts, between which the JSON goes.
var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// htmlPage is what a browser shows of a request and its answer, as DRF's
// browsable API.
type htmlPage struct {
	*View
	Method, URL string
	Status      int
	StatusText  string
	// Own are the headers that the API says something with, Common those that
	// every answer of the server has.
	Own, Common http.Header
	// Trail are the views above, and Below those below.
	Trail, Below []Link
	// Formats are the representations that GET has, besides this one.
	Formats []Link
	// SignIn tells that the caller is to sign in first; Options and Delete, that
	// these methods can be tried.
	SignIn, Options, Delete bool
	Pages                   *htmlPages
	// Filters ask for what narrows or sorts a list.
	Filters []htmlInput
	Forms   []htmlForm
}

// Filtered tells that the request uses one of the filters.
func (p *htmlPage) Filtered() bool {
	return slices.ContainsFunc(p.Filters, func(input htmlInput) bool { return input.Value != "" })
}

// htmlPages leads through the pages of a list.
type htmlPages struct {
	Number, Last, Count         int64
	ToFirst, ToPrevious, ToNext string
	ToLast                      string
}

// ForPeople tells that the answer is to be a page for a browser.
func (r *Request) ForPeople() bool {
	return r.accepted.renderer.encoding == asPage
}

func renderHTML(r *Request, status int) (io.WriteCloser, error) {
	page := r.htmlPage(status)
	r.Response.Header().Set("Content-Type", "text/html; charset=utf-8")
	if status == http.StatusNoContent {
		status = http.StatusOK
	}
	r.Response.WriteHeader(status)
	body := responseBody{r}
	json := &jsonWriter{out: body, link: r.href}
	if status >= http.StatusBadRequest {
		json.link = func(string, string) string { return "" }
	}
	return htmlBody{json, page}, pageTemplate.ExecuteTemplate(body, "head", page)
}

func (r *Request) htmlPage(status int) *htmlPage {
	page := &htmlPage{
		View:       r.View,
		Method:     r.Request.Method,
		URL:        r.Request.URL.RequestURI(),
		Status:     status,
		StatusText: http.StatusText(status),
		Trail:      r.links(r.View.Parents),
		SignIn:     status == http.StatusUnauthorized && !r.View.AllowAny,
		Pages:      r.htmlPages(),
	}
	page.Own, page.Common = r.shownHeaders(status)
	if r.View.handler(http.MethodGet) != nil {
		page.Formats = r.formats()
	}
	if !r.View.AllowAny && r.Auth == nil {
		return page
	}
	page.Options = r.View.Methods != nil
	page.Filters = r.filters(status)
	current, err := Object[any](nil), error(nil)
	if r.View.Changeable != nil {
		current, err = r.View.Changeable(r)
	}
	if err == nil {
		page.Below = r.links(r.View.Children)
		page.Delete = r.View.handler(http.MethodDelete) != nil && status != http.StatusNoContent
		page.Forms = r.forms(status, current)
	}
	return page
}

// ownHeaders are those that the API's documentation speaks of.
var ownHeaders = []string{"Allow", "Content-Type", "Vary", "Retry-After", "WWW-Authenticate", "X-Request-Id"}

// shownHeaders are those of the answer, as a client that asks for JSON has them.
func (r *Request) shownHeaders(status int) (own, common http.Header) {
	own, common = http.Header{}, http.Header{}
	for name, values := range r.Response.Header() {
		if name == "Www-Authenticate" { // as it is written, not as Go keeps it
			name = "WWW-Authenticate"
		}
		if slices.Contains(ownHeaders, name) {
			own[name] = values
		} else {
			common[name] = values
		}
	}
	if status != http.StatusNoContent {
		own.Set("Content-Type", defaultAccepted.renderer.MediaType)
	}
	return own, common
}

// links are those of a view with the parts of the request's path.
func (r *Request) links(links []Link) []Link {
	links = slices.Clone(links)
	for i := range links {
		for _, part := range r.View.Path {
			value := url.PathEscape(r.Request.PathValue(part.Name))
			links[i].Path = strings.ReplaceAll(links[i].Path, "{"+part.Name+"}", value)
		}
	}
	return links
}

// formats lead to the view's other representations.
func (r *Request) formats() []Link {
	var formats []Link
	for _, renderer := range r.View.Representations() {
		query := url.Values{}
		for name, value := range urlencodedPairs(r.Request.URL.RawQuery) {
			query.Add(name, value)
		}
		query.Set("format", renderer.Format)
		link := Link{renderer.Format, "?" + query.Encode()}
		if renderer.Format != r.accepted.renderer.Format && !slices.Contains(formats, link) {
			formats = append(formats, link)
		}
	}
	return formats
}

func (r *Request) htmlPages() *htmlPages {
	if r.page == nil {
		return nil
	}
	to := func(number int64) string { return "?" + r.pageQuery(number).Encode() }
	pages := &htmlPages{Number: r.page.number, Last: r.page.last, Count: r.page.count}
	if pages.Number > 1 {
		pages.ToFirst, pages.ToPrevious = to(1), to(pages.Number-1)
	}
	if pages.Number < pages.Last {
		pages.ToNext, pages.ToLast = to(pages.Number+1), to(pages.Last)
	}
	return pages
}

// href is where a value in the JSON leads to: an address of this server, or the
// page of what its field names.
func (r *Request) href(key, value string) string {
	if strings.HasPrefix(value, r.origin().String()+"/") {
		return value
	}
	for _, field := range r.View.Fields {
		if field.Name == key && field.Endpoint != "" && value != "" {
			return field.Endpoint + url.PathEscape(value) + "/"
		}
	}
	return ""
}

// htmlBody takes the JSON into the page and ends both.
type htmlBody struct {
	*jsonWriter
	page *htmlPage
}

func (b htmlBody) Close() error {
	if err := b.jsonWriter.Close(); err != nil {
		return err
	}
	return pageTemplate.ExecuteTemplate(b.out, "tail", b.page)
}
