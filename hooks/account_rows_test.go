package hooks_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/testing/testapp"
)

// TestNothingIsStoredBesideADeletion deletes an account while a row about it is being
// stored: either waits for the other.
func TestNothingIsStoredBesideADeletion(t *testing.T) {
	s := testapp.New(t)
	superuser := s.Superuser()
	s.Must(200, superuser, "PATCH", "/api/collections/users", map[string]any{
		"otp": map[string]any{"enabled": true}, "authAlert": map[string]any{"enabled": true},
	})
	meanwhile := func(table string) {}
	s.App.OnRecordCreateExecute("sessions", "_otps", "_authOrigins").Bind(&hook.Handler[*core.RecordEvent]{Priority: 1000, Func: func(e *core.RecordEvent) error {
		meanwhile(e.Record.Collection().Name)
		return e.Next()
	}})
	storing := map[string]string{"login": "sessions", "impersonation": "sessions", "code": "_otps", "origin": "_authOrigins"}
	const below = "/api/collections/users/"
	for name, send := range map[string]func(user testapp.User){
		"login":         func(user testapp.User) { s.SignIn(&user) },
		"impersonation": func(user testapp.User) { s.Call(superuser, "POST", below+"impersonate/"+user.ID, map[string]any{}) },
		"code":          func(user testapp.User) { s.Call("", "POST", below+"request-otp", map[string]any{"email": user.Email}) },
		"origin": func(user testapp.User) {
			s.Call("", "POST", below+"auth-with-password", map[string]any{"identity": user.Email, "password": testapp.Password})
		},
	} {
		t.Run(name, func(t *testing.T) {
			meanwhile = func(string) {}
			user := s.SignUp("alice")
			deleted := make(chan struct{})
			var once sync.Once
			meanwhile = func(table string) {
				if table != storing[name] {
					return
				}
				once.Do(func() {
					go func() {
						defer close(deleted)
						if got := s.Call(superuser, "DELETE", testapp.Records("users")+"/"+user.ID, nil); got.Status != http.StatusNoContent {
							t.Errorf("got %d %s", got.Status, got.Body)
						}
					}()
					select {
					case <-deleted:
					case <-time.After(time.Second): // it waits
					}
				})
			}
			send(user)
			<-deleted
			wantNoRows(t, s, user)
		})
	}
}
