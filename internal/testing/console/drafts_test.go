package console

import (
	"testing"

	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"carebase/internal/realtime"
	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

// TestNothingTypedIsLost leaves forms by Back, a reload and the end of the session,
// and goes on with what was typed.
func TestNothingTypedIsLost(t *testing.T) {
	server := serve(t)
	ann, bob := server.SignUp("ann"), server.SignUp("bob")
	patient := server.Patient(ann, "John Doe")
	page := signedIn(t, server, ann, "patients")
	page.Press("Add patient")
	page.Fill("Name", "Half a patient")
	page.Fill("Notes", "Typed for ten minutes")
	page.Evaluate(`history.back()`, nil)
	page.Until(`document.querySelector("h1").textContent === "Overview" && !document.querySelector("dialog")`)
	page.Sees("Not saved yet: a new patient Half a patient")
	page.Reload()
	page.Press("Continue")
	page.Until(`document.querySelector("[name=name]").value === "Half a patient" && document.querySelector("[name=notes]").value === "Typed for ten minutes"`)
	page.Sees("It is not saved yet.")
	page.Accessible()
	page.Fill("Age", "7")
	// The answer gets lost, and the patient is sent again after a reload: there is one.
	page.Evaluate(`(() => {
		const real = window.fetch;
		window.fetch = async (path, options) => {
			const answer = await real(path, options);
			if (options?.method === "POST" && path === "/api/patients/") {
				window.isTypable = !document.querySelector("[name=notes]").readOnly;
				throw new TypeError("lost");
			}
			return answer;
		};
	})()`, nil)
	page.Press("Add")
	page.Sees("The server cannot be reached.")
	page.Until(`window.isTypable === false && !document.querySelector("[name=notes]").readOnly`)
	page.Reload()
	page.Sees("Sent without an answer, and perhaps saved: a new patient Half a patient")
	page.Press("Continue")
	page.Press("Add")
	page.Until(`document.querySelector("h1").textContent === "Half a patient"`)
	if list := server.Call(ann.Access, "GET", "/api/patients/?search=half", nil).List(server); len(list) != 1 {
		t.Errorf("stored: %v", list)
	}
	page.Until(`document.querySelector(".drafts").hidden`)

	testDiscard(server, ann, page, patient)

	// A change, at the end of a session.
	page.Go(server.URL + "/#/" + path(patient))
	page.Press("Edit")
	page.Fill("Notes", "Not yet saved")
	page.Allow("status of 401 (Unauthorized)")
	server.SignIn(&ann)
	server.Must(200, ann.Access, "POST", "/api/auth/logout/all/", map[string]any{})
	page.Sees("Your session has ended. Sign in again.")
	signIn(page, ann)
	page.Sees("Not saved yet: changes to patient John Doe")
	page.Screenshot("draft")
	page.Press("Continue")
	page.Press("Discard it")
	page.Until(`document.querySelector("[name=notes]").value === "Diabetic"`)
	page.Fill("Notes", "For nobody else")
	page.Reload()
	page.Sees("Not saved yet: changes to patient John Doe")

	// Signing out removes it, and nobody else sees it.
	page.Press("Sign out")
	page.Until(`document.querySelector("form") && sessionStorage.length === 0`)
	signIn(page, bob)
	page.Allow("status of 404 (Not Found) " + server.URL + "/api/patients/")
	page.Stays(`document.querySelector(".drafts").hidden`)
}

// testDiscard tries to discard a change that is being saved, in the form and after leaving
// it: it is stored, and both say so.
func testDiscard(server *testapp.Server, ann testapp.User, page *browser.Page, patient string) {
	page.Helper()
	const hold = `(() => {
		const real = window.fetch;
		window.fetch = async (path, options) => {
			if (options?.method !== "PATCH") return real(path, options);
			window.fetch = real;
			await new Promise((resolve) => { window.answer = resolve; });
			return real(path, options);
		};
	})()`
	page.Go(server.URL + "/#/" + path(patient))
	page.Press("Edit")
	page.Fill("Notes", "Stored")
	page.Evaluate(hold, nil)
	page.Press("Save")
	page.Until(`window.answer`)
	page.Press("Cancel")
	page.Sees("This is being saved. Wait for the answer.")
	page.Key("Escape")
	page.Stays(`document.querySelector("dialog") && !document.body.innerText.includes("Discard the changes?")`)
	page.Evaluate(`window.answer()`, nil)
	page.Sees("John Doe saved.")

	page.Press("Edit")
	page.Fill("Notes", "Diabetic")
	page.Evaluate(`window.answer = null`, nil)
	page.Evaluate(hold, nil)
	page.Press("Save")
	page.Until(`window.answer`)
	page.Evaluate(`location.hash = "#/doctors"`, nil)
	page.Sees("Being saved: changes to patient John Doe")
	page.Until(`document.querySelector(".drafts button") === null`)
	page.Evaluate(`window.answer()`, nil)
	page.Until(`document.querySelector(".drafts").hidden && location.hash === "#/doctors"`)
	if got := patientOf(server, ann, patient); got["notes"] != "Diabetic" {
		page.Errorf("stored: %v", got)
	}
}

// loseChange changes what is stored without a message about it, and tells that messages
// were lost.
func loseChange(t *testing.T, server *testapp.Server, statement string) {
	t.Helper()
	if _, err := server.App.DB().NewQuery(statement).Execute(); err != nil {
		t.Fatal(err)
	}
	for _, client := range realtime.Of(server.App).Broker().Clients() {
		client.Send(subscriptions.Message{Name: "@gap", Data: []byte("{}")})
	}
}

// TestConflict changes the same fields on both sides, chooses, merges and saves; and
// saves a record anew that was deleted meanwhile.
func TestConflict(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	patient := server.Create(ann, "patients", map[string]any{"name": "John Doe", "age": 34, "notes": "Diabetic, type two. Asthma."})
	page := signedIn(t, server, ann, path(patient))
	page.Allow("status of 412", "status of 404")
	change := func(values map[string]any) {
		server.Must(200, ann.Access, "PATCH", "/api/patients/"+patient+"/", values)
	}
	// Nor does a change that the form was not told of, because its message was lost.
	page.Press("Edit")
	page.Fill("Notes", "Healthy.")
	loseChange(t, server, "UPDATE patients SET notes = 'Lost.'")
	page.Sees("Changed by you and by somebody else")
	page.Press("Cancel")
	page.Press("Discard")
	change(map[string]any{"notes": "Diabetic, type two. Asthma."})
	page.Sees("Diabetic, type two. Asthma.")

	page.Press("Edit")
	page.Fill("Notes", "Diabetic, type one. Asthma.")
	page.Fill("Age", "35")
	change(map[string]any{"notes": "Diabetic, type two. Hay fever.", "age": 36, "name": "John H. Doe"})
	page.Sees("Changed by you and by somebody else")
	page.Until(`[...document.querySelectorAll(".version mark")].map((mark) => mark.textContent).join("|") === "35|36|one.|Asthma.|two.|Hay fever."`)
	page.Until(`document.querySelector("[name=name]").value === "John H. Doe"`)
	page.Accessible()
	page.Screenshot("conflict")
	// Neither a further change nor a reload lets one overwrite unseen.
	change(map[string]any{"name": "John Doe junior"})
	page.Until(`document.querySelector("[name=name]").value === "John Doe junior" && document.querySelectorAll(".versions").length === 2`)
	page.Reload()
	page.Press("Continue")
	page.Until(`document.querySelectorAll(".versions").length === 2`)
	if got := patientOf(server, ann, patient); got["age"] != 36.0 || got["notes"] != "Diabetic, type two. Hay fever." {
		t.Errorf("stored: %v", got)
	}
	page.Press("Use their version: Age")
	page.Press("Use both, one after the other: Notes")
	page.Fill("Notes", "Diabetic, type one. Hay fever.")
	page.Press("Save")
	page.Sees("John Doe junior saved.")
	if got := patientOf(server, ann, patient); got["age"] != 36.0 || got["notes"] != "Diabetic, type one. Hay fever." {
		t.Errorf("stored: %v", got)
	}

	page.Press("Edit")
	page.Fill("Notes", "Kept")
	server.Must(204, ann.Access, "DELETE", "/api/patients/"+patient+"/", nil)
	page.Sees("This patient has been deleted meanwhile.")
	page.Evaluate(`location.reload()`, nil) // what was deleted is kept whole
	page.Until(`document.querySelector(".drafts button") !== null`)
	page.Press("Continue")
	page.Sees("This patient has been deleted meanwhile.")
	page.Press("Save as new")
	page.Until(`document.querySelector("h1").textContent === "John Doe junior" && location.hash !== ` + quote("#/"+path(patient)))
	if got := patientOf(server, ann, location(page)); got["age"] != 36.0 || got["notes"] != "Kept" {
		t.Errorf("stored: %v", got)
	}
}
