package rest

import (
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/deadline"
)

// Handler answers one method of a view. An *Error that it returns is rendered
// as it is; any other error becomes a 500.
type Handler func(r *Request) error

// View is one path of the documented API with its methods, as DRF's APIView.
type View struct {
	// Name and Description are what OPTIONS and the HTML page call it.
	Name, Description string
	// Authenticate returns why the request's credentials are refused, nil if
	// they hold or if there are none. Nil where credentials are not looked at,
	// as `authentication_classes = ()`.
	Authenticate func(e *core.RequestEvent) error
	// AllowAny admits callers who are not signed in.
	AllowAny bool
	// Methods are what the view answers, by HTTP method. HEAD follows from GET,
	// and OPTIONS is always there.
	Methods map[string]Method
	// Schema is what the reference calls the objects that Fields describe, such
	// as "Patient".
	Schema string
	// Fields are what a POST or PUT takes and OPTIONS describes.
	Fields []Field
	// Renderers are the view's representations, if not JSON and HTML.
	Renderers []Renderer
	// Path are the parts of the view's path that stand in braces.
	Path []Field
	// Changeable returns the object that the path names if the caller may change
	// and delete it. OPTIONS leaves PUT out otherwise, and the HTML page its form.
	// Nil where there is no such object.
	Changeable func(r *Request) (Object[any], error)
	// Parents are the views above this one, the uppermost first, and Children
	// those below; their paths have the {parts} of this view's.
	Parents, Children []Link
}

// Link leads to a page.
type Link struct{ Name, Path string }

// Request is a request on its way through a view.
type Request struct {
	*core.RequestEvent
	View     *View
	accepted accepted
	bodyRead bool
	// data, answer and page are what the HTML page shows beside the JSON: the
	// body that was read, the value that is the answer, and the page of a list.
	data   Data
	answer any
	page   *Page
}

// methodOrder is the order of DRF's Allow header.
var methodOrder = []string{
	http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodHead, http.MethodOptions,
}

// Serve runs a request in DRF's order: negotiation, authentication,
// permission, method, handler.
func (v *View) Serve(e *core.RequestEvent) error {
	r := &Request{RequestEvent: e, View: v, accepted: defaultAccepted}
	if err := r.serve(); err != nil {
		return r.renderError(err)
	}
	return nil
}

func (r *Request) serve() error {
	header := r.Response.Header()
	header.Set("Allow", strings.Join(r.View.Allowed(), ", "))
	header.Add("Vary", "Accept")

	var err error
	if r.accepted, err = negotiate(r.RequestEvent, r.View.Representations()); err != nil {
		return err
	}
	// Neither names anything, and a database cannot be asked for it.
	if path := r.Request.URL.Path; !utf8.ValidString(path) || strings.ContainsRune(path, 0) {
		return NotFound("")
	}
	if r.View.Authenticate != nil {
		if err := r.View.Authenticate(r.RequestEvent); err != nil {
			return err
		}
	}
	if !r.View.AllowAny && r.Auth == nil {
		return NotAuthenticated()
	}
	handler := r.View.handler(r.Request.Method)
	if handler == nil {
		return MethodNotAllowed(r.Request.Method)
	}
	return handler(r)
}

func (v *View) handler(method string) Handler { return v.Method(method).Handle }

// renderError is the one place where an error becomes a response. A failure
// that is not the client's is left for Failure.
func (r *Request) renderError(err error) error {
	if r.Written() {
		return err
	}
	if work := deadline.Of(r.Request.Context()); work != nil && work.Exceeded() {
		err = errors.Join(deadline.ErrExceeded, err) // whatever the failure that it led to
	}
	restError := toError(r.RequestEvent, err)
	header := r.Response.Header()
	for name, value := range restError.Header {
		header.Set(name, value)
	}
	if restError.Status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="api"`)
	}
	if restError.Status >= http.StatusInternalServerError {
		r.Set(failureKey, err)
	}
	return r.Respond(restError.Status, restError.Body)
}

// failureKey is where a request event keeps why the server failed.
const failureKey = "restFailure"

// Failure is why the documented API answered a request with a status of 500 or
// more, or broke its answer off; nil if it did neither. It is for logs, not for
// clients.
func Failure(e *core.RequestEvent) error {
	failure, _ := e.Get(failureKey).(error)
	return failure
}

// errorRendererPriority puts ErrorRenderer around all of PocketBase's own
// middlewares, so that their refusals are rendered too.
const errorRendererPriority = -100_000

// ErrorRenderer is the middleware that gives the documented error shape to
// what happens before or instead of a view: rate limits, body limits, panics.
func ErrorRenderer() *hook.Handler[*core.RequestEvent] {
	return &hook.Handler[*core.RequestEvent]{
		Id:       "restErrorRenderer",
		Priority: errorRendererPriority,
		Func: func(e *core.RequestEvent) error {
			// The URL may be gone by the time that there is an error.
			chosen, negotiationErr := negotiate(e, renderers)
			err := e.Next()
			if err == nil {
				return nil
			}
			r := &Request{RequestEvent: e, View: &View{Name: "Error"}, accepted: defaultAccepted}
			if negotiationErr == nil {
				r.accepted = chosen
			}
			return r.renderError(err)
		},
	}
}
