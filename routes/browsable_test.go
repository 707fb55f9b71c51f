package routes_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

// tab goes from one test to the next.
type tab struct {
	*testapp.Server
	*browser.Page
}

// open opens a path, signed in as a user.
func (b tab) open(t *testing.T, user testapp.User, path string) *browser.Page {
	t.Helper()
	page := *b.Page
	page.TB = t
	keepSession(&page, user, time.Now().Add(time.Hour))
	page.Go(b.URL + path)
	answers(&page, "HTTP 200 OK")
	return &page
}

// openAsGuest opens a path, signed in as nobody.
func (b tab) openAsGuest(t *testing.T, path string) *browser.Page {
	t.Helper()
	page := *b.Page
	page.TB = t
	page.Evaluate("sessionStorage.clear()", nil)
	page.Go(b.URL + path)
	return &page
}

// keepSession puts a user's session where the console keeps it, with an access
// token that is known to hold until a time.
func keepSession(page *browser.Page, user testapp.User, until time.Time) {
	page.Helper()
	session, err := json.Marshal(map[string]any{
		"access": user.Access, "refresh": user.Refresh, "expires": until.UnixMilli(),
		"user": map[string]any{"id": user.ID, "name": "User of the test", "email": user.Email},
	})
	if err != nil {
		page.Fatal(err)
	}
	page.Evaluate(`sessionStorage.setItem("carebase.session", `+strconv.Quote(string(session))+`)`, nil)
}

// signIn fills in the page's own form.
func signIn(page *browser.Page, user testapp.User) {
	page.Helper()
	page.Fill("Email", user.Email)
	page.Fill("Password", testapp.Password)
	page.Click("#sign-in-form button")
	answers(page, "HTTP 200 OK")
}

// answers waits until the page shows an answer with the status.
func answers(page *browser.Page, status string) {
	page.Helper()
	page.Until(`document.querySelector(".status b")?.textContent === "` + status + `"`)
}

// answered waits until the page shows the answer to a method.
func answered(page *browser.Page, method, status string) {
	page.Helper()
	page.Until(`document.querySelector("#request-line")?.innerText.startsWith("` + method + ` ")`)
	answers(page, status)
}

func TestBrowsableAPI(t *testing.T) {
	browser.Need(t)
	server := testapp.New(t)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	opened := browser.Open(t, server.URL)
	// A browser reports every answer of such a status, and the first look at a
	// resource cannot carry a token.
	opened.Allow("status of 400 (Bad Request) http://", "status of 401 (Unauthorized) http://",
		"status of 404 (Not Found) http://", "status of 405 (Method Not Allowed) http://")
	window := tab{server, opened}

	t.Run("the console's session counts, and is renewed", func(t *testing.T) {
		opened.Fill("Email", alice.Email)
		opened.Fill("Password", testapp.Password)
		opened.Press("Sign in")
		opened.Until("document.querySelector('h1')?.textContent === 'Overview'")
		opened.Go(server.URL + "/api/patients/")
		answers(opened, "HTTP 200 OK")
		refused := alice
		refused.Access += "x"
		for _, test := range []struct {
			user    testapp.User
			expires time.Duration
		}{{alice, 0}, {refused, time.Hour}} {
			keepSession(opened, test.user, time.Now().Add(test.expires))
			opened.Reload()
			answers(opened, "HTTP 200 OK")
			opened.Until(`JSON.parse(sessionStorage.getItem("carebase.session")).access !== "` + test.user.Access + `"`)
		}
	})
	t.Run("the life of a patient", func(t *testing.T) {
		page := window.open(t, alice, "/api/patients/")
		page.Screenshot("list")
		page.Accessible()
		page.Fill("Name", "<img src=x onerror=alert(1)> مرحبا 🩺")
		page.Fill("Age", "-1")
		page.Press("POST")
		page.Sees("Ensure this value is greater than or equal to 0.")
		page.Until(`document.activeElement.name === "age"`)
		page.Screenshot("refused")
		page.Accessible()
		page.Fill("Age", "34")
		page.Press("POST")
		answers(page, "HTTP 201 Created")
		page.Until(`!document.querySelector("img[src=x]")`)
		page.Click(".body a.number")
		page.Sees("Patient Instance")
		answers(page, "HTTP 200 OK")
		page.Fill("Notes", "Diabetic")
		page.Press("PATCH")
		answered(page, "PATCH", "HTTP 200 OK")
		page.Screenshot("changed")
		page.Press("OPTIONS")
		page.Until(`document.querySelector(".body").innerText.includes("read_only")`)
		page.Press("json")
		page.Until(`document.querySelector(".body").innerText.startsWith('{"id":')`)
		page.Press("DELETE")
		page.Accessible()
		// Faster than the browser tells of the dialog that is closed.
		page.Evaluate(`document.querySelector("#confirm button:not([value=delete])").click();
			document.querySelector("button[type=button][data-method=DELETE]").click();
			new Promise((told) => document.querySelector("#confirm").addEventListener("close", () => told(null), { once: true }))`, nil)
		page.Press("Delete")
		answers(page, "HTTP 204 No Content")
		page.Press("Patient List")
		answers(page, "HTTP 200 OK")
		page.SeesNot("onerror")
	})
	t.Run("choices are searched among one's own", func(t *testing.T) {
		server.Patient(bob, "Foreign Smith")
		patient := server.Patient(alice, "Own Smith")
		doctor := server.Doctor(bob, "Gregory House")
		page := window.open(t, alice, "/api/mappings/")
		page.Fill("Patient", "smith")
		page.Sees("1 found.")
		page.SeesNot("Foreign Smith")
		page.Accessible()
		page.Key("ArrowDown", "Enter")
		page.Sees("Chosen: " + patient)
		page.Fill("Doctor", "nobody")
		page.Sees("Nothing found.")
		page.Press("POST")
		page.Sees(`Incorrect type. Expected pk value, received str.`)
		page.Sees("Chosen: " + patient)
		page.Fill("Doctor", "house")
		page.Sees("speciality Nephrology")
		page.Click("[role=option]")
		page.Screenshot("mapping")
		page.Press("POST")
		answers(page, "HTTP 201 Created")
		page.Sees(doctor)
		page.Fill("Patient", "own")
		page.Sees("1 found.")
		page.Key("Escape")
		page.Click(".body a[href='/api/patients/" + patient + "/']")
		page.Sees("Own Smith")
	})
	t.Run("texts that fields cannot hold", func(t *testing.T) {
		notes := "first\r\nsecond 🩺\n" + strings.Repeat("é <b> text ", 10_000)
		patient := server.Create(alice, "patients", map[string]any{"name": strings.Repeat("国", 120), "age": 1, "notes": notes})
		stored := func() any {
			return server.Must(http.StatusOK, alice.Access, "GET", "/api/patients/"+patient+"/", nil)["notes"]
		}
		notes = stored().(string)
		page := window.open(t, alice, "/api/patients/"+patient+"/")
		page.Resize(390, 844)
		page.Until("document.documentElement.scrollWidth <= innerWidth")
		page.Screenshot("phone")
		page.Fill("Age", "2")
		page.Press("PUT")
		answered(page, "PUT", "HTTP 200 OK")
		page.Resize(1280, 800)
		if stored() != notes {
			t.Error("the notes have changed")
		}
	})
	t.Run("raw data, as it stands", func(t *testing.T) {
		page := window.open(t, alice, "/api/doctors/")
		page.Press("Raw data")
		page.Accessible()
		page.Fill("Content", `{"name": "Raw", `)
		page.Press("POST")
		page.Sees("JSON parse error")
		page.Until(`document.querySelector("#POST-raw-text").value === '{"name": "Raw", '`)
		page.Fill("Content", `{"name": "Raw Doctor", "speciality": ""}`)
		page.Press("POST")
		answers(page, "HTTP 201 Created")
		page.Sees("Raw Doctor")
	})
	t.Run("pages of a list", func(t *testing.T) {
		server.Doctor(alice, "Lisa Cuddy")
		server.Doctor(alice, "James Wilson")
		page := window.open(t, alice, "/api/doctors/?page_size=1&ordering=name")
		page.Sees("Page 1 of")
		page.Press("Next")
		page.Sees("Page 2 of")
		page.Accessible()
		page.Press("Previous")
		page.Sees("Page 1 of")
	})
	t.Run("filters of a list", func(t *testing.T) {
		server.Create(alice, "patients", map[string]any{"name": "Old Müller", "age": 91})
		server.Create(alice, "patients", map[string]any{"name": "Young Müller", "age": 19})
		page := window.open(t, alice, "/api/patients/")
		page.Press("Filters")
		page.Fill("Search", "müller")
		page.Fill("Ordering", "age")
		page.Press("Apply")
		page.Until(`location.search === "?search=m%C3%BCller&ordering=age" && /Young(.|\n)*Old/.test(document.querySelector(".body").innerText)`)
		page.Fill("Age", "19")
		page.Press("Apply")
		page.Until(`location.search.startsWith("?age=19&") && !document.querySelector(".body").innerText.includes("Old")`)
		page.Go(server.URL + "/api/patients/?age=x")
		page.Until(`document.querySelector(".filters[open] .error")?.innerText === "Enter a number."`)
		page.Accessible()
		page.Screenshot("filters")
	})
	t.Run("a session that ends loses nothing", func(t *testing.T) {
		page := window.open(t, alice, "/api/doctors/")
		page.Fill("Name", "Typed before")
		server.Must(http.StatusOK, alice.Access, "POST", "/api/auth/logout/all/", nil)
		page.Press("POST")
		page.Sees("Nothing was changed.")
		page.Screenshot("ended")
		signIn(page, alice)
		page.Press("POST")
		answers(page, "HTTP 201 Created")
		page.Sees("Typed before")
		page.Press("Sign out")
		answers(page, "HTTP 401 Unauthorized")
		page.SeesNot("Typed before")
		server.SignIn(&alice)
	})
	t.Run("what anybody may open", func(t *testing.T) {
		page := window.openAsGuest(t, "/api/auth/login/")
		page.Fill("Email", bob.Email)
		page.Fill("Password", "wrong")
		page.Press("POST")
		page.Sees("No active account found with the given credentials")
		page.Accessible()
		page.Fill("Password", testapp.Password)
		page.Press("POST")
		answers(page, "HTTP 200 OK")
		for _, path := range []string{"/api/auth/register/", "/api/auth/unknown/", "/api/auth/sessions/"} {
			page.Go(server.URL + path)
			page.Accessible()
		}
		page.Screenshot("sign-in")
	})
	t.Run("without JavaScript", func(t *testing.T) {
		page := window.openAsGuest(t, "/api/patients/")
		page.Scripts(false)
		defer page.Scripts(true)
		page.Reload()
		page.Sees("Authentication credentials were not provided.")
		page.Sees("needs JavaScript here")
		page.SeesNot("Keep me signed in")
		page.Screenshot("without-scripts")
		page.Go(server.URL + "/api/auth/login/")
		page.Fill("Email", bob.Email)
		page.Fill("Password", testapp.Password)
		page.Press("POST")
		answered(page, "POST", "HTTP 200 OK")
		page.Sees(`"refresh"`)
	})
}

// TestHelpShowsCode has no backticks in what a person reads.
func TestHelpShowsCode(t *testing.T) {
	server := testapp.Shared(t)
	alice := server.SignUp("alice")
	page := server.Call(alice.Access, "GET", "/api/patients/?format=api", nil)
	if !strings.Contains(page.Body, "prefix a field with <code>-</code> for descending") || strings.Contains(page.Body, "`") {
		t.Errorf("got %s", page.Body)
	}
}
