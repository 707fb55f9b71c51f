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
	attributes := activityOf(e, err, time.Since(begun), settings)
	switch {
	case err != nil:
		e.App.Logger().LogAttrs(context.Background(), slog.LevelError, activityMessage(e), attributes...)
	case e.App.IsDev(): // which prints them
		e.App.Logger().LogAttrs(context.Background(), slog.LevelInfo, activityMessage(e), attributes...)
	case int(slog.LevelInfo) >= settings.MinLevel:
		m.stored.add(storedRow{
			at: time.Now(), level: int(slog.LevelInfo),
			message: activityMessage(e), data: string(appendAttributes(make([]byte, 0, 512), attributes)),
		})
	}
	return err
}

func activityMessage(e *core.RequestEvent) string {
	path := cut(e.Request.URL.RequestURI(), maxURI)
	if unescaped, err := url.PathUnescape(path); err == nil {
		path = unescaped
	}
	return cut(strings.ToUpper(e.Request.Method), maxMethod) + " " + storable(path)
}

// activityOf returns what PocketBase's log tells of a request.
func activityOf(e *core.RequestEvent, failure error, duration time.Duration, settings core.LogsConfig) []slog.Attr {
	const usual = 15
	attributes := append(make([]slog.Attr, 0, usual),
		slog.String("type", "request"),
		slog.Float64("execTime", float64(duration)/float64(time.Millisecond)))
	if meta := e.Get(apis.RequestEventKeyLogMeta); meta != nil {
		attributes = append(attributes, slog.Any("meta", meta))
	}
	status := e.Status()
	var refusal *router.ApiError
	if errors.As(failure, &refusal) {
		if status == 0 { // it is not written yet
			status = refusal.Status
		}
		attributes = append(attributes, slog.String("error", failure.Error()), slog.Any("details", refusal.RawData()))
	} else if failure != nil {
		attributes = append(attributes, slog.String("error", failure.Error()))
	}
	attributes = append(attributes,
		slog.String("url", cut(e.Request.URL.RequestURI(), maxURI)),
		slog.String("method", cut(strings.ToUpper(e.Request.Method), maxMethod)),
		slog.Int("status", status),
		slog.String("referer", cut(e.Request.Referer(), maxUserAgent)),
		slog.String("userAgent", cut(e.Request.UserAgent(), maxUserAgent)))
	collection := ""
	if e.Auth != nil {
		collection = e.Auth.Collection().Name
	}
	attributes = append(attributes, slog.String("auth", collection))
	if e.Auth != nil && settings.LogAuthId {
		attributes = append(attributes, slog.String("authId", e.Auth.Id))
	}
	if settings.LogIP {
		attributes = append(attributes, slog.String("userIP", e.RealIP()), slog.String("remoteIP", e.RemoteIP()))
	}
	return attributes
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

// appendAttributes appends the attributes of a success as a JSON object.
func appendAttributes(out []byte, attributes []slog.Attr) []byte {
	out = append(out, '{')
	for i, attribute := range attributes {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(rest.AppendString(out, attribute.Key), ':')
		switch value := attribute.Value; value.Kind() {
		case slog.KindString:
			out = rest.AppendString(out, value.String())
		case slog.KindInt64:
			out = strconv.AppendInt(out, value.Int64(), 10)
		case slog.KindFloat64:
			out = strconv.AppendFloat(out, value.Float64(), 'f', -1, 64)
		default:
			encoded, err := json.Marshal(value.Any())
			if err != nil {
				encoded = []byte("null")
			}
			out = append(out, encoded...)
		}
	}
	return append(out, '}')
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
