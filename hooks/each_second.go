package hooks

import (
	"context"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/deadline"
)

// eachSecond runs something about once a second while the app serves. The end of the app
// ends its context and waits for it.
func eachSecond(app core.App, run func(ctx context.Context)) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		app.OnTerminate().BindFunc(func(e *core.TerminateEvent) error {
			cancel()
			<-ended
			return e.Next()
		})
		go func() {
			defer close(ended)
			for deadline.Sleep(ctx, time.Second) == nil {
				run(ctx)
			}
		}()
		return e.Next()
	})
}
