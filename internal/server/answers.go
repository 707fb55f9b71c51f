package server

import (
	"math"
	"net/http"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/deadline"
	"carebase/internal/endpoint"
)

// boundBytes bounds what PocketBase's record API and batches read: they hold all records
// of an answer, and several copies of its JSON. A single deletion answers nothing, and
// what hangs on the record must be removed whatever its length.
func boundBytes(e *core.RequestEvent) error {
	isBounded := endpoint.IsBelow(e.Request, "/api/collections") || endpoint.Of(e.Request) == endpoint.Batch
	if work := deadline.Of(e.Request.Context()); work != nil && isBounded && e.Request.Method != http.MethodDelete {
		work.Bound(boundsOf(e.Auth).bytes)
	}
	return e.Next()
}

// bindAnswers ends a read whose time is over before its answer is encoded: PocketBase
// could not be interrupted there, and has sent the status by then.
func bindAnswers(app core.App) {
	app.OnRecordsListRequest().Bind(&hook.Handler[*core.RecordsListRequestEvent]{Priority: last, Func: func(e *core.RecordsListRequestEvent) error {
		if err := ended(e.RequestEvent); err != nil {
			return err
		}
		return e.Next()
	}})
	app.OnRecordViewRequest().Bind(&hook.Handler[*core.RecordRequestEvent]{Priority: last, Func: func(e *core.RecordRequestEvent) error {
		if err := ended(e.RequestEvent); err != nil {
			return err
		}
		return e.Next()
	}})
}

// last is the priority of what runs right before PocketBase answers.
const last = math.MaxInt

func ended(e *core.RequestEvent) error {
	if work := deadline.Of(e.Request.Context()); work != nil {
		return work.Ended()
	}
	return nil
}
