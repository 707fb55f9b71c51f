package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"carebase/internal/simplejwt"
	"carebase/internal/testing/testapp"
)

func TestLoginsWaitForTheirTurn(t *testing.T) {
	server := testapp.New(t)
	alice := server.SignUp("alice")
	login := func(ctx context.Context, path, field string) error {
		body := `{"` + field + `":"` + alice.Email + `","password":"` + testapp.Password + `"}`
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+path, strings.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		return nil
	}
	doors := map[string]string{"/api/auth/login/": "email", "/api/collections/users/auth-with-password": "identity"}

	release := make(chan struct{})
	var holders, holding sync.WaitGroup
	for range simplejwt.MaxPasswordWork {
		holding.Add(1)
		holders.Go(func() {
			err := simplejwt.WithPasswordWork(t.Context(), func() error {
				holding.Done()
				<-release
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	holding.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	registration := `{"name":"Ann","email":"ann@example.com","password":"Tr0ub4dor&3","passwordConfirm":"Tr0ub4dor&3"}`
	for path, body := range map[string]string{
		"/api/auth/register/":            registration,
		"/api/collections/users/records": registration,
		"/api/batch":                     `{"requests":[{"method":"POST","url":"/api/collections/users/records","body":` + registration + `}]}`,
	} {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		if _, err := http.DefaultClient.Do(request); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s did not wait: %v", path, err)
		}
	}
	for path, field := range doors {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if err := login(ctx, path, field); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s did not wait: %v", path, err)
		}
		cancel()
	}
	if status := server.Call(alice.Access, "GET", "/api/patients/", nil).Status; status != 200 {
		t.Errorf("while logins wait, a list got %d", status)
	}
	close(release)
	holders.Wait()
	for path, field := range doors {
		if err := login(t.Context(), path, field); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
