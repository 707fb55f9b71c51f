package monitoring

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
)

// requestLog writes a line of JSON for each failed request. It logs the route
// only: paths, queries and bodies contain patient data.
type requestLog struct{ *slog.Logger }

func newRequestLog(out io.Writer) *requestLog {
	return &requestLog{slog.New(slog.NewJSONHandler(out, nil))}
}

// write logs client errors as warnings and server errors as errors.
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
