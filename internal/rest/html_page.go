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

// pageTemplate has the parts of the page before and after the JSON.
var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// htmlPage is a page that shows a request and its response, like DRF's browsable
// API.
type htmlPage struct {
	*View
	Method, URL string
	Status      int
	StatusText  string
	// Own are the headers specific to this response, Common those of every
	// response.
	Own, Common http.Header
	// Trail are the views above this one, Below those below.
	Trail, Below []Link
	// Formats are GET's other representations.
	Formats []Link
	// SignIn asks the caller to sign in; Options and Delete offer these methods.
	SignIn, Options, Delete bool
	Pages                   *htmlPages
	// Filters are inputs that narrow or sort a list.
	Filters []htmlInput
	Forms   []htmlForm
}

// Filtered reports whether the request uses a filter.
func (p *htmlPage) Filtered() bool {
	return slices.ContainsFunc(p.Filters, func(input htmlInput) bool { return input.Value != "" })
}

// htmlPages are the links between the pages of a list.
type htmlPages struct {
	Number, Last, Count         int64
	ToFirst, ToPrevious, ToNext string
	ToLast                      string
}

// ForPeople reports whether the response is an HTML page.
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

// ownHeaders are the headers that the API's documentation mentions.
var ownHeaders = []string{"Allow", "Content-Type", "Vary", "Retry-After", "WWW-Authenticate", "X-Request-Id"}

// shownHeaders returns the response's headers as a client that asks for JSON
// would receive them.
func (r *Request) shownHeaders(status int) (own, common http.Header) {
	own, common = http.Header{}, http.Header{}
	for name, values := range r.Response.Header() {
		if name == "Www-Authenticate" { // Go's canonical form is not the usual one
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

// links returns the links with the request's path variables filled in.
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

// formats returns links to the view's other representations.
func (r *Request) formats() []Link {
	var formats []Link
	for _, renderer := range r.View.Representations() {
		if renderer.encoding == asCSV {
			continue // a browser downloads it without the user's token
		}
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

// href returns the link target of a value in the JSON: a URL of this server, or
// the object that a PrimaryKey refers to; "" for none.
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

// htmlBody writes the JSON into the page; Close completes both.
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
