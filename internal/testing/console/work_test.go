package console

import (
	"fmt"
	"net/url"
	"testing"
)

// rows is a JavaScript expression for the names in a list.
const rows = `[...document.querySelectorAll("tbody .row-link")].map((link) => link.textContent).join("|")`

// TestListsRememberWhatTheyShow searches, filters, sorts and pages, opens a patient
// and comes back to the same place.
func TestListsRememberWhatTheyShow(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	house := server.Create(ann, "doctors", map[string]any{"name": "Gregory House", "speciality": "Nephrology"})
	for i := range 60 {
		id := server.Create(ann, "patients", map[string]any{"name": fmt.Sprintf("Jürgen %02d", i), "age": i, "notes": "Has a long story and asthma"})
		if i%2 == 0 {
			server.Mapping(ann, id, house)
		}
	}
	page := signedIn(t, server, ann, "patients")
	page.Sees("60 patients")
	page.Fill("Search patients", "jurgen ASTHMA")
	page.Sees("60 matches")
	page.Until(`document.querySelector("tbody .row-link mark").textContent === "Jürgen" && document.querySelector(".excerpt mark").textContent === "asthma"`)
	page.Press("Filter")
	page.Fill("Doctor", "house")
	page.Press("Gregory House")
	page.Sees("30 matches")
	page.Press("Name")
	page.Until(rows + `.startsWith("Jürgen 00|Jürgen 02|")`)
	page.Accessible()
	page.Screenshot("patients-filtered")
	page.Press("Next page")
	page.Until(rows + ` === "Jürgen 50|Jürgen 52|Jürgen 54|Jürgen 56|Jürgen 58"`)
	// A row leads to its patient wherever it is clicked.
	page.Click("tbody tr:nth-child(3) .column-notes")
	page.Until(`document.querySelector("h1").textContent === "Jürgen 54"`)
	page.Evaluate(`history.back()`, nil)
	page.Until(rows + ` === "Jürgen 50|Jürgen 52|Jürgen 54|Jürgen 56|Jürgen 58"`)
	page.Until(`document.querySelector("[type=search]").value === "jurgen ASTHMA" && document.querySelector(".chip").textContent === "Gregory House"`)
	// Each step is an entry of its own.
	page.Evaluate(`history.back()`, nil)
	page.Until(rows + `.startsWith("Jürgen 00|Jürgen 02|")`)
	page.Evaluate(`scrollTo(0, 700)`, nil)
	page.Until(`history.state?.scroll === 700`)
	page.Evaluate(`document.querySelectorAll("tbody .row-link")[15].click()`, nil)
	page.Until(`document.querySelector("h1").textContent === "Jürgen 30" && scrollY === 0`)
	page.Evaluate(`history.back()`, nil)
	page.Until(rows + `.startsWith("Jürgen 00|Jürgen 02|") && scrollY === 700`)
	page.Evaluate(`history.back()`, nil)
	page.Until(`document.querySelector("tbody .row-link").textContent === "Jürgen 58" && document.querySelector(".chip") !== null`)
	page.Evaluate(`history.back()`, nil)
	page.Sees("60 matches")
	page.Until(`document.querySelector(".chip") === null`)
	page.Evaluate(`(() => { const rows = [...document.querySelectorAll(".page-size select")][0]; rows.value = "100"; rows.dispatchEvent(new Event("change")); })()`, nil)
	page.Until(`document.querySelectorAll("tbody tr").length === 60`)
	page.Press("Filter")
	page.Click(".filter-check input")
	page.Sees("30 matches")
	page.Until(`location.hash === "#/patients?search=jurgen+ASTHMA&without=1&rows=100"`)
	// A page of which everything is deleted gives way to the one before.
	page.Go(server.URL + "/#/patients?rows=50&page=2")
	page.Sees("51–60 of 60")
	page.Click(`[aria-label="Select all on this page"]`)
	page.Click(".selection .button:nth-child(3)")
	page.Press("Delete 10 patients")
	page.Until(`location.hash === "#/patients?rows=50" && document.querySelectorAll("tbody tr").length === 50`)
	page.Press("Undo")
	page.Sees("1–50 of 60")
	page.Press("Next page")
	page.Sees("51–60 of 60")
	page.Press("Previous page")
	page.Sees("1–50 of 60")
	// What has just been typed is in the history when a row is opened, by its link or beside it.
	for _, place := range []string{".row-link", ".column-notes"} {
		page.Evaluate(`(() => {
			const search = document.querySelector("[type=search]");
			search.value = "jurgen 4";
			search.dispatchEvent(new InputEvent("input", { bubbles: true }));
			document.querySelector("tbody `+place+`").click();
		})()`, nil)
		page.Until(`/^Jürgen/.test(document.querySelector("h1").textContent)`)
		page.Evaluate(`history.back()`, nil)
		page.Until(`location.hash === "#/patients?search=jurgen+4&rows=50" && document.querySelector("[type=search]").value === "jurgen 4"`)
		page.Sees("15 matches")
		page.Fill("Search patients", "")
		page.Sees("60 patients")
	}
	// What no filter can be is none, and what the server refuses is said in words.
	for _, query := range []string{"age=zzz", "age=30-", "week=zzz", "doctor=zzz", "without=0", "speciality=%00"} {
		page.Go(server.URL + "/#/patients?" + query)
		page.Sees("60 patients")
	}
	page.Allow("status of 400 (Bad Request)", "status of 404 (Not Found)")
	page.Go(server.URL + "/#/patients?search=%00")
	page.Until(`document.querySelector("[role=alert]")?.innerText.length > 0 && !document.querySelector("main").innerText.includes("status")`)
	page.Go(server.URL + "/#/patients/" + url.PathEscape("../doctors/"+house))
	page.Sees("This patient does not exist")
}

// TestSeveralAtOnce assigns a doctor to patients, exports and deletes them, and undoes that.
func TestSeveralAtOnce(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	house := server.Create(ann, "doctors", map[string]any{"name": "Gregory House", "speciality": "Nephrology"})
	ada := server.Patient(ann, "Ada")
	server.Mapping(ann, ada, house)
	server.Create(ann, "patients", map[string]any{"name": "=Bernard", "age": 5, "notes": "a \"b\",\nc"})
	server.Patient(ann, "Carla")
	page := signedIn(t, server, ann, "patients")
	page.Sees("3 patients")
	page.Click(`[aria-label="Select Ada"]`)
	page.Click(`[aria-label="Select =Bernard"]`)
	page.Sees("2 patients selected")
	page.Accessible()
	page.Screenshot("patients-selected")
	// What the browser would save.
	page.Evaluate(`(() => { const create = URL.createObjectURL; URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return create(blob); }; })()`, nil)
	page.Press("Export these")
	page.Until(`window.saved?.includes("id,name,age,notes,created_at\r\n") && window.saved.includes(",'=Bernard,5,\"a \"\"b\"\",\nc\",")`)
	page.Allow("status of 400 (Bad Request) " + server.URL + "/api/mappings/")
	page.Press("Assign a doctor")
	page.Fill("Doctor", "hou")
	page.Until(`document.querySelector("[role=option]")?.innerText.includes("Nephrology")`)
	page.Key("ArrowDown", "Enter")
	page.Sees("Gregory House assigned to 1 patient; 1 had them already.")
	page.Until(`document.querySelector(".selection").hidden`)

	page.Click(`[aria-label="Select all on this page"]`)
	page.Sees("3 patients selected")
	page.Click(".selection .button:nth-child(3)")
	page.Press("Delete 3 patients")
	page.Sees("No patients yet")
	page.Press("Undo")
	page.Sees("3 patients")
	page.Click(`[aria-label="Select Ada"]`)
	page.Click(`[aria-label="Select Carla"]`)
	page.Click(".selection .button:nth-child(3)")
	page.Press("Delete 2 patients")
	page.Sees("1 patient")
	page.Evaluate(`location.hash = "#/overview"`, nil)
	page.Sees("What you have just deleted still counts")
	page.Press("Dismiss")
	page.SeesNot("What you have just deleted still counts")
	page.Evaluate(`history.back()`, nil)
	// What is deleted is selected no longer.
	page.Click(`[aria-label="Select =Bernard"]`)
	page.Sees("1 patient selected")
	page.Press("Delete =Bernard")
	page.Press("Delete patient")
	page.Until(`document.querySelector(".selection").hidden`)
	page.Press("Undo")
	page.Sees("1 patient")
	page.Until(`fetch("/api/patients/?page=1", { headers: { Authorization: "Bearer ` + ann.Access + `" } }).then((answer) => answer.json()).then(({ count }) => count === 1)`)

	// The doctor's page and the patient's lead to each other.
	page.Go(server.URL + "/#/doctors")
	page.Press("Gregory House")
	page.Press("=Bernard")
	page.Until(`document.querySelector("h1").textContent === "=Bernard"`)
	page.Sees("You assigned Gregory House")
	page.Press("Gregory House")
	page.Until(`document.querySelector("h1").textContent === "Gregory House"`)
}

// TestHistoryInWords says who did what, and folds one's own views away.
func TestHistoryInWords(t *testing.T) {
	server := serve(t)
	ann, bob := server.SignUp("ann"), server.SignUp("bob")
	patient, doctor := server.Patient(ann, "Ada"), server.Doctor(bob, "Gregory House")
	mapping := server.Mapping(ann, patient, doctor)
	server.Call(bob.Access, "GET", "/api/patients/"+patient+"/", nil)
	for range 130 { // one's own views hide nothing else
		server.Call(ann.Access, "GET", "/api/patients/"+patient+"/", nil)
	}
	page := signedIn(t, server, ann, path(patient))
	history := `document.querySelector(".history").innerText`
	page.Until(history + `.includes("You assigned Gregory House") && ` + history + `.includes("You added this patient")`)
	page.Until(history + `.includes("User bob was refused: viewed")`)
	page.Until(history + `.includes("just now") && !/API|created_by|You viewed/.test(` + history + `)`)
	page.Until(`new Date(document.querySelector(".history time").title).getTime() > 0`)
	page.Evaluate(`(() => { const kind = document.querySelector(".history-kind select"); kind.value = "all"; kind.dispatchEvent(new Event("change")); })()`, nil)
	page.Until(history + `.includes("You viewed")`)
	server.Must(204, ann.Access, "DELETE", "/api/mappings/detail/"+mapping+"/", nil)
	page.Until(history + `.includes("You removed Gregory House from the care team")`)
}

// TestOverviewLeadsToLists follows its figures.
func TestOverviewLeadsToLists(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	page := signedIn(t, server, ann, "overview")
	page.Sees("First steps")
	patient := server.Create(ann, "patients", map[string]any{"name": "Ada", "age": 36})
	server.Create(ann, "patients", map[string]any{"name": "Bernard", "age": 0})
	doctor := server.Create(ann, "doctors", map[string]any{"name": "Gregory House", "speciality": "Nephrology"})
	server.Mapping(ann, patient, doctor)
	for figure, want := range map[string]string{
		".tile:nth-child(2) a": "Bernard", ".tile:nth-child(3) a": "Bernard|Ada", ".charts section:nth-child(3) li:nth-child(4) a": "Ada",
		".charts section:nth-child(4) a": "Gregory House", ".columns-chart a": "Bernard|Ada",
	} {
		page.Go(server.URL + "/#/overview")
		page.Until(`document.querySelector(".tile:nth-child(2) dd")?.textContent === "1"`)
		page.Click(figure)
		page.Until(`document.querySelector("tbody tr") && ` + rows + ` === ` + quote(want))
		page.Until(`document.querySelectorAll(".chip").length === 1 && document.querySelector(".chip").textContent !== "…"`)
	}
}

// TestKeys uses the keys of lists and pages, and prints a patient.
func TestKeys(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	patient := server.Create(ann, "patients", map[string]any{"name": "Ada", "age": 36, "notes": "On paper"})
	page := signedIn(t, server, ann, "patients")
	page.Sees("1 patient")
	page.Key("?")
	page.Sees("Search the list")
	page.Accessible()
	page.Key("Escape")
	page.Key("/")
	page.Until(`document.activeElement.type === "search"`)
	page.Key("n")
	page.Until(`document.querySelector("[type=search]").value === "n" && !document.querySelector("dialog")`)
	page.Fill("Search patients", "")
	page.Evaluate(`document.querySelector("h1").focus()`, nil)
	page.Key("n")
	page.Sees("Add a patient")
	page.Key("Escape")
	page.Go(server.URL + "/#/" + path(patient))
	page.Sees("On paper")
	page.Key("e")
	page.Sees("Edit patient")
	page.Key("Escape")
	page.Print()
	page.Until(`!document.querySelector(".side").checkVisibility() && !document.querySelector(".buttons .button").checkVisibility()`)
	page.Until(`document.querySelector(".notes").checkVisibility() && !document.querySelector("#history-title").checkVisibility()`)
	page.Evaluate(`dispatchEvent(new Event("beforeprint"))`, nil)
	page.Until(`/^Printed .+ by User ann\.$/.test(document.querySelector("p.only-print").innerText)`)
	page.Screenshot("patient-print")

	page.Go(server.URL + "/#/account")
	page.Sees("Not confirmed")
	page.Click(".check input")
	page.Reload()
	page.Sees("Not confirmed")
	page.Until(`document.querySelector(".check input")?.checked === false`)
	page.Evaluate(`document.querySelector("h1").focus()`, nil)
	page.Key("?")
	page.Until(`!document.querySelector("dialog")`)
	page.Click(".check input")
	page.Evaluate(`document.querySelector("h1").focus()`, nil)
	page.Key("?")
	page.Sees("Search the list")
}
