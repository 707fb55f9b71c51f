package audit

import "context"

// hookKey is the key of the mark that ByHook sets.
type hookKey struct{}

// ByHook returns a context in which changes are recorded as a hook's own, whoever sent
// the request that it runs in.
func ByHook(ctx context.Context) context.Context { return context.WithValue(ctx, hookKey{}, true) }

func isByHook(ctx context.Context) bool {
	marked, _ := ctx.Value(hookKey{}).(bool)
	return marked
}
