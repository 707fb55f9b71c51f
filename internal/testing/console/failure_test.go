package console

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"carebase/internal/testing/browser"
)

// TestFailures looks at every view while the server fails, and while it does not respond:
// it says so, and goes on once the server works again.
func TestFailures(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	patient := server.Patient(ann, "Ada Lovelace")
	origin, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var fails atomic.Bool
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(request *httputil.ProxyRequest) { request.SetURL(origin) }}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fails.Load() && strings.HasPrefix(r.URL.Path, "/api/") {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.CloseClientConnections)
	page := browser.Open(t, front.URL)
	page.Allow("status of 500 (Internal Server Error)", "net::ERR_INTERNET_DISCONNECTED")
	signIn(page, ann)
	page.Sees("Patients by age")
	look := func(name, scheme string) {
		page.Accessible()
		page.Until("document.documentElement.scrollWidth <= innerWidth")
		page.Prefer("prefers-color-scheme", scheme)
		page.Screenshot("failure-" + name)
	}
	const failed = `[...document.querySelectorAll("main .state[role=alert] button")].some((button) => button.innerText === "Try again")`
	// Once it is connected again, a page may have loaded anew by itself.
	tryAgain := func() { page.Evaluate(`document.querySelector("main .state[role=alert] button")?.click()`, nil) }
	for _, view := range []struct{ name, path, works string }{
		{"patients", "patients", "Ada Lovelace"}, {"patient", path(patient), "Ada Lovelace"}, {"doctors", "doctors", "No doctors yet"},
		{"account", "account", "This device"}, {"overview", "overview", "Patients by age"},
	} {
		page.Resize(1120, 740)
		fails.Store(true)
		page.Go(front.URL + "/#/" + view.path)
		page.Reload()
		page.Until(failed)
		page.Sees("The server")
		look(view.name, "light")
		page.Resize(390, 844)
		look(view.name+"-phone-dark", "dark")
		fails.Store(false)
		tryAgain()
		page.Sees(view.works)
	}
	page.Offline(true)
	page.Press("Doctors")
	page.Until(failed)
	look("offline-phone", "light")
	page.Offline(false)
	tryAgain()
	page.Sees("No doctors yet")
}
