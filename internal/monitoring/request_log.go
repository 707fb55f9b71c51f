package monitoring

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
)

// requestLog writes a line of JSON for each request that failed. What a request
// is for stands in it as its route: paths, queries and bodies carry what is known
// about patients.
type requestLog struct{ *slog.Logger }

func newRequestLog(out io.Writer) *requestLog {
	return &requestLog{slog.New(slog.NewJSONHandler(out, nil))}
}

// write logs refusals as warnings and the server's failures as errors.
func (l *requestLog) write(e *core.RequestEvent, ended outcome) {
	if ended.status < http.StatusBadRequest {
		return
	}
	attributes := []slog.Attr{
		slog.String("request", audit.RequestID(e)),
		slog.String("method", ended.method),
		slog.String("route", ended.route),
		slog.Int("status", ended.status),
		slog.Float64("milliseconds", float64(ended.duration.Microseconds())/float64(time.Millisecond/time.Microsecond)),
	}
	if e.Auth != nil {
		attributes = append(attributes, slog.String("user", e.Auth.Id))
	}
	if ended.cause != nil {
		attributes = append(attributes, slog.String("error", withoutValues(ended.cause)))
	}
	level := slog.LevelWarn
	if ended.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	l.LogAttrs(e.Request.Context(), level, "request failed", attributes...)
}
