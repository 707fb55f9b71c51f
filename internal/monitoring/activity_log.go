package monitoring

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/rest"
	"carebase/internal/scripts"
)

// skipSuccess is the key of a request event by which PocketBase's endpoints keep
// their successes out of the log.
const skipSuccess = "__skipSuccessActivityLogger"

// The lengths at which PocketBase cuts what clients send, in bytes.
const (
	maxMethod    = 50
	maxURI       = 3000
	maxUserAgent = 2000
)

// StoreActivity is the middleware that stores a row of PocketBase's request log, in
// the place of PocketBase's own and with its settings. Failures go through
// PocketBase's logger, which knows how to show errors.
func (m *Monitoring) StoreActivity(e *core.RequestEvent) error {
	begun := time.Now()
	err := e.Next()
	settings := e.App.Settings().Logs
	if settings.MaxDays == 0 || err == nil && e.Get(skipSuccess) != nil {
		return err
	}
	what := activityOf(e, err, time.Since(begun), settings)
	switch {
	case err != nil:
		e.App.Logger().LogAttrs(context.Background(), slog.LevelError, what.message(), what.attributes()...)
	case e.App.IsDev(): // which prints them
		e.App.Logger().LogAttrs(context.Background(), slog.LevelInfo, what.message(), what.attributes()...)
	case int(slog.LevelInfo) >= settings.MinLevel:
		m.stored.add(storedRow{at: time.Now(), level: int(slog.LevelInfo), message: what.message(), data: what.json()})
	}
	return err
}

// activity is what PocketBase's log tells of a request. What is not to be told is empty.
type activity struct {
	duration                        time.Duration
	meta, details                   any
	failure                         error
	isRefusal, tellsID, tellsIP     bool
	url, method, referer, userAgent string
	status                          int
	collection, authID, address     string
}

func activityOf(e *core.RequestEvent, failure error, duration time.Duration, settings core.LogsConfig) activity {
	what := activity{
		duration: duration, meta: e.Get(apis.RequestEventKeyLogMeta), failure: failure, status: e.Status(),
		url: cut(e.Request.URL.RequestURI(), maxURI), method: cut(strings.ToUpper(e.Request.Method), maxMethod),
		referer: cut(e.Request.Referer(), maxUserAgent), userAgent: cut(e.Request.UserAgent(), maxUserAgent),
	}
	var refusal *router.ApiError
	if what.isRefusal = errors.As(failure, &refusal); what.isRefusal {
		what.details = refusal.RawData()
		if what.status == 0 { // it is not written yet
			what.status = refusal.Status
		}
	}
	if e.Auth != nil {
		what.collection, what.authID, what.tellsID = e.Auth.Collection().Name, e.Auth.Id, settings.LogAuthId
	}
	if what.tellsIP = settings.LogIP; what.tellsIP {
		what.address = e.RemoteIP() // the client's: forwarding headers are resolved
	}
	return what
}

func (a activity) message() string {
	path := a.url
	if unescaped, err := url.PathUnescape(path); err == nil {
		path = unescaped
	}
	return a.method + " " + storable(path)
}

func (a activity) milliseconds() float64 { return float64(a.duration) / float64(time.Millisecond) }

// attributes are those of a line of the log.
func (a activity) attributes() []slog.Attr {
	attributes := []slog.Attr{slog.String("type", "request"), slog.Float64("execTime", a.milliseconds())}
	if a.meta != nil {
		attributes = append(attributes, slog.Any("meta", a.meta))
	}
	if a.failure != nil {
		attributes = append(attributes, slog.String("error", a.failure.Error()))
	}
	if a.isRefusal {
		attributes = append(attributes, slog.Any("details", a.details))
	}
	attributes = append(attributes, slog.String("url", a.url), slog.String("method", a.method), slog.Int("status", a.status),
		slog.String("referer", a.referer), slog.String("userAgent", a.userAgent), slog.String("auth", a.collection))
	if a.tellsID {
		attributes = append(attributes, slog.String("authId", a.authID))
	}
	if a.tellsIP {
		attributes = append(attributes, slog.String("userIP", a.address), slog.String("remoteIP", a.address))
	}
	return attributes
}

// json are the attributes of a success as a JSON object.
func (a activity) json() string {
	const usual = 512
	out := append(make([]byte, 0, usual), `{"type":"request","execTime":`...)
	out = strconv.AppendFloat(out, a.milliseconds(), 'f', -1, 64)
	if a.meta != nil {
		encoded, err := json.Marshal(a.meta)
		if err != nil {
			encoded = []byte("null")
		}
		out = append(append(out, `,"meta":`...), encoded...)
	}
	out = rest.AppendString(append(out, `,"url":`...), a.url)
	out = rest.AppendString(append(out, `,"method":`...), a.method)
	out = strconv.AppendInt(append(out, `,"status":`...), int64(a.status), 10)
	out = rest.AppendString(append(out, `,"referer":`...), a.referer)
	out = rest.AppendString(append(out, `,"userAgent":`...), a.userAgent)
	out = rest.AppendString(append(out, `,"auth":`...), a.collection)
	if a.tellsID {
		out = rest.AppendString(append(out, `,"authId":`...), a.authID)
	}
	if a.tellsIP {
		out = rest.AppendString(append(out, `,"userIP":`...), a.address)
		out = rest.AppendString(append(out, `,"remoteIP":`...), a.address)
	}
	return string(append(out, '}'))
}

func cut(text string, length int) string {
	if len(text) > length {
		text = text[:length] + "..."
	}
	return storable(text)
}

// storable replaces what PostgreSQL stores in no text, so that nobody keeps a request out
// of the log, or a log out of PostgreSQL.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// Redact is the middleware that keeps query strings, and values quoted in
// errors, out of PocketBase's request log, which the dashboard shows: filters
// and searches contain patient data.
func (*Monitoring) Redact(e *core.RequestEvent) error {
	defer func() {
		e.Request.URL = &url.URL{Path: e.Request.URL.Path}
		e.Request.Header.Del("Referer")
	}()
	err := e.Next()
	if exception := scripts.Failure(err); exception != nil {
		e.Set(exceptionKey, exception)
	}
	err = withoutCause(err)
	if failure := rest.Failure(e); failure != nil {
		e.Set(apis.RequestEventKeyLogMeta, map[string]string{"error": withoutValues(failure)})
	}
	return err
}

// exceptionKey is the request event's key for the exception that a script has thrown.
const exceptionKey = "monitoring.exception"

// withoutCause reduces a client error to what the client is told. Server errors
// keep their cause for operators.
func withoutCause(err error) error {
	var refusal *router.ApiError
	if !errors.As(err, &refusal) || refusal.Status >= http.StatusInternalServerError {
		return err
	}
	return &router.ApiError{Status: refusal.Status, Message: refusal.Message, Data: refusal.Data}
}
