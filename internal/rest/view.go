package rest

import (
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/deadline"
)

// Handler answers one method of a view. A returned *Error is rendered as it is;
// any other error becomes a 500.
type Handler func(r *Request) error

// View is one path of the documented API with its methods, like DRF's APIView.
type View struct {
	// Name and Description are shown by OPTIONS and the HTML page.
	Name, Description string
	// Authenticate returns an error for rejected credentials; nil if valid or
	// absent. A view without Authenticate ignores credentials, like
	// `authentication_classes = ()` in DRF.
	Authenticate func(e *core.RequestEvent) error
	// AllowAny admits unauthenticated callers.
	AllowAny bool
	// Methods are the view's methods by HTTP method. HEAD follows from GET, and
	// every view answers OPTIONS.
	Methods map[string]Method
	// Schema names the objects that Fields describe in the API reference, such as
	// "Patient".
	Schema string
	// Fields are the fields of the view's objects: read from the body of a POST,
	// PUT or PATCH, and described by OPTIONS.
	Fields []Field
	// Renderers are the view's representations; nil for JSON and HTML.
	Renderers []Renderer
	// Parses are the media types of bodies that the view parses itself; nil for those
	// that Validated and Parse read.
	Parses []string
	// FileExample is an example of such a body.
	FileExample string
	// Path describes the variables in the view's path.
	Path []Field
	// Changeable returns the object at the path, or an error if the caller may not
	// change and delete it; then OPTIONS omits PUT and the HTML page its form. Nil
	// for views without such an object.
	Changeable func(r *Request) (Object[any], error)
	// Parents are the views above this one, topmost first, and Children those
	// below. Their paths may contain this view's path variables in braces.
	Parents, Children []Link
	// Now, if not nil, returns the view as it is now: a request is served by the one
	// that it finds when it comes, whatever changes meanwhile. An error is the answer.
	Now func(app core.App) (*View, error)
	// Ahead, if not nil, is called for each request before the caller is known: what it
	// asks for is read together with the caller.
	Ahead func(e *core.RequestEvent)
	// BodyTimeout limits how long a request body may take to arrive; 0 for a
	// minute.
	BodyTimeout time.Duration
}

// Link is a hyperlink on the HTML page.
type Link struct{ Name, Path string }

// Request is a request to a view.
type Request struct {
	*core.RequestEvent
	View     *View
	accepted accepted
	bodyRead bool
	// data (the parsed body), answer (the response value) and page (of a list) are
	// kept for the HTML page.
	data   Data
	answer any
	page   *Page
}

// methodOrder is the order of methods in DRF's Allow header.
var methodOrder = [...]string{
	http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodHead, http.MethodOptions,
}

// Serve handles a request in DRF's order: the ids in the path, content negotiation,
// authentication, permission, method lookup, handler.
func (v *View) Serve(e *core.RequestEvent) error {
	e.Request.Method = strings.ToUpper(e.Request.Method) // like Django
	now, err := v.Current(e.App)
	r := &Request{RequestEvent: e, View: now, accepted: defaultAccepted}
	answer := func() error {
		if err != nil {
			return r.renderError(err)
		}
		if !r.resolve() {
			return r.respondNoSuchPath()
		}
		if err := r.serve(); err != nil {
			return r.renderError(err)
		}
		return nil
	}
	if e.Request.Method == http.MethodHead {
		return r.withoutBody(answer)
	}
	return answer()
}

// Current returns the view as it is now; this one and an error if there is none now.
func (v *View) Current(app core.App) (*View, error) {
	if v.Now == nil {
		return v, nil
	}
	now, err := v.Now(app)
	if err != nil {
		return v, err
	}
	return now, nil
}

func (r *Request) serve() error {
	header := r.Response.Header()
	header.Set("Allow", r.View.allowHeader())
	header.Add("Vary", "Accept")

	var err error
	if r.accepted, err = negotiate(r.RequestEvent, r.View.Representations()); err != nil {
		return err
	}
	// Databases reject both invalid UTF-8 and null characters.
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

// renderError is the only place that turns an error into a response. It keeps
// server-side failures for Failure.
func (r *Request) renderError(err error) error {
	if r.Written() {
		return err
	}
	if work := deadline.Of(r.Request.Context()); work != nil && work.Exceeded() {
		err = errors.Join(deadline.ErrExceeded, err) // whatever the failure that it led to
	}
	restError := r.refusedSince(err, toError(r.RequestEvent, err))
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

// failureKey is the request event's key for the error behind a server failure.
const failureKey = "restFailure"

// Failure returns the error behind a response with a status of 500 or more, or
// behind one that was cut short; nil if there is none. It is meant for logs, not
// for clients.
func Failure(e *core.RequestEvent) error {
	failure, _ := e.Get(failureKey).(error)
	return failure
}

// RenderErrors is the middleware that gives the documented error shape to errors
// raised outside views: rate limits, body limits, panics.
func RenderErrors(e *core.RequestEvent) error {
	// Negotiate first: handlers may rewrite the URL before they fail.
	chosen, negotiationErr := negotiate(e, defaultRenderers)
	err := e.Next()
	if err == nil {
		return nil
	}
	r := &Request{RequestEvent: e, View: &View{Name: "Error"}, accepted: defaultAccepted}
	if negotiationErr == nil {
		r.accepted = chosen
	}
	return r.renderError(err)
}
