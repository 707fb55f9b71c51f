package console

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

// TestAddedFields shows, sorts by and asks for fields that an operator has added.
func TestAddedFields(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	collection, err := server.App.FindCollectionByNameOrId("patients")
	if err != nil {
		t.Fatal(err)
	}
	collection.Fields.Add(
		&core.SelectField{Name: "blood", Values: []string{"0", "A", "B"}, MaxSelect: 1},
		&core.BoolField{Name: "insured"},
		&core.NumberField{Name: "weight"},
		&core.DateField{Name: "born"},
		&core.SelectField{Name: "diets", Values: []string{"halal", "kosher", "vegan"}, MaxSelect: 3},
	)
	if err := server.App.Save(collection); err != nil {
		t.Fatal(err)
	}
	doctors, err := server.App.FindCollectionByNameOrId("doctors")
	if err != nil {
		t.Fatal(err)
	}
	doctors.Fields.Add(&core.TextField{Name: "room"})
	addEveryType(t, server, doctors)
	if err := server.App.Save(doctors); err != nil {
		t.Fatal(err)
	}
	server.Create(ann, "doctors", map[string]any{"name": "Gregory House", "room": "B12",
		"story": `<p>Born in <b>Basel</b></p><ul><li>Chief &amp; judge</li></ul><script>window.isRun = true</script><img src=x onerror="window.isRun = true">`, "extra": 1, "home": map[string]any{"lat": 1, "lon": 2}, "pin": "1234", "since": "2026-01-01", "shift": "2026-01-01"})
	server.Create(ann, "patients", map[string]any{"name": "Ada", "age": 36, "blood": "B", "weight": 61.5, "born": "1990-02-03", "diets": []string{"vegan", "halal"}})
	page := signedIn(t, server, ann, "patients")
	// As many of the added fields are shown as leave room for the notes.
	page.Until(`document.querySelector("thead").innerText.includes("Blood") && !document.querySelector("thead").innerText.includes("Weight")`)
	page.Until(`document.querySelector("thead .column-notes").offsetWidth > 100`)
	page.Resize(1920, 1000)
	page.Until(`document.querySelector("tbody").innerText.includes("61.5") && document.querySelector("thead .column-notes").offsetWidth > 100`)
	page.Resize(1280, 800)
	page.Press("Add patient")
	page.Fill("Name", "Bernard")
	page.Fill("Age", "7")
	page.Evaluate(`document.querySelector("[name=blood]").value = "A"`, nil)
	page.Click("[name=insured]")
	page.Fill("Weight", "heavy")
	page.Allow("status of 400 (Bad Request)")
	page.Press("Add")
	page.Sees("Enter a number.")
	page.Fill("Weight", "")
	page.Accessible()
	page.Screenshot("patient-form-fields")
	page.Press("Add")
	page.Until(`document.querySelector("h1").textContent === "Bernard"`)
	page.Until(`document.querySelector(".facts")?.innerText.replace(/\s+/g, " ").includes("Blood A Insured Yes Weight")`)
	if got := patientOf(server, ann, location(page)); got["blood"] != "A" || got["insured"] != true {
		t.Errorf("stored: %v", got)
	}
	page.Press("Edit")
	page.Fill("Notes", "Stays two nights")
	page.Fill("Weight", "1234567")
	page.Press("Save")
	page.Sees("Bernard saved.")
	page.Press("Patients")
	page.Press("Ada")
	page.Until(`document.querySelector(".facts")?.innerText.replace(/\s+/g, " ").includes("Born Feb 3, 1990 Diets vegan, halal")`)
	page.Press("Edit")
	page.Until(`document.querySelector("[name=born]").value === "1990-02-03"`)
	page.Until(`[...document.querySelectorAll("[name=diets]")].map(({ checked }) => checked).join() === "true,false,true"`)
	page.Click("[name=diets][value=kosher]")
	page.Click("[name=diets][value=vegan]")
	page.Accessible()
	page.Press("Save")
	page.Until(`document.querySelector(".facts")?.innerText.includes("halal, kosher")`)
	page.Press("Patients")
	page.Press("Blood")
	page.Until(rows + ` === "Bernard|Ada"`)
	page.Press("Blood")
	page.Until(rows + ` === "Ada|Bernard"`)
	page.Press("Doctors")
	page.Until(`document.querySelector("thead").innerText.includes("Room") && document.querySelector("tbody").innerText.includes("B12")`)
	page.Press("Gregory House")
	page.Until(`document.querySelector(".facts")?.innerText.replace(/\s+/g, " ").includes("Room B12")`)
	// An editor's text is shown as it reads, and never runs.
	page.Until(`document.querySelector(".markup").textContent === "Born in Basel\n• Chief & judge" && !document.querySelector(".markup").firstElementChild && !window.isRun`)
	page.Press("Edit")
	page.Fill("Room", "C3")
	page.Press("Save")
	page.Until(`document.querySelector(".facts")?.innerText.includes("C3")`)
	// A draft is not opened without the fields that it is of.
	page.Press("Edit")
	page.Fill("Room", "D4")
	page.Evaluate(`location.hash = "#/overview"`, nil)
	page.Reload()
	page.Evaluate(`(() => {
		const real = window.fetch;
		window.fetch = (path, options) => {
			if (options?.method !== "OPTIONS") return real(path, options);
			window.fetch = real;
			return Promise.reject(new TypeError("lost"));
		};
	})()`, nil)
	page.Press("Continue")
	page.Sees("Not opened. The server cannot be reached.")
	page.Press("Continue")
	page.Until(`document.querySelector("[name=room]")?.value === "D4"`)
	page.Press("Discard it")
	page.Press("Cancel")
	everyType(t, server, ann, page)
}

// addEveryType adds what TestAddedFields has not, and requires it, so that who cannot say
// it could add no doctor; and a collection that may be listed, and one that may not.
func addEveryType(t *testing.T, server *testapp.Server, doctors *core.Collection) {
	t.Helper()
	listed, hidden := core.NewBaseCollection("wards"), core.NewBaseCollection("rooms")
	anybody := `@request.auth.id != ""`
	listed.ListRule, listed.ViewRule, hidden.ViewRule = &anybody, &anybody, &anybody
	for _, collection := range []*core.Collection{listed, hidden} {
		collection.Fields.Add(&core.TextField{Name: "title"})
		if err := server.App.Save(collection); err != nil {
			t.Fatal(err)
		}
		for _, title := range []string{"North", "South"} {
			record := core.NewRecord(collection)
			record.Set("title", title)
			record.Id = strings.ToLower(title) + "0000000000"
			if err := server.App.Save(record); err != nil {
				t.Fatal(err)
			}
		}
	}
	doctors.Fields.Add(
		&core.JSONField{Name: "extra", Required: true}, &core.GeoPointField{Name: "home", Required: true}, &core.PasswordField{Name: "pin", Required: true, Min: 4},
		&core.DateField{Name: "since", Required: true}, &core.DateField{Name: "shift", Required: true},
		&core.FileField{Name: "letter", MaxSelect: 1, Protected: true}, &core.FileField{Name: "scans", MaxSelect: 3},
		&core.RelationField{Name: "mentor", CollectionId: doctors.Id, MaxSelect: 1}, &core.RelationField{Name: "wards", CollectionId: listed.Id, MaxSelect: 3},
		&core.RelationField{Name: "office", CollectionId: hidden.Id, MaxSelect: 1},
		&core.NumberField{Name: "beds", Min: types.Pointer(1.0)}, &core.EmailField{Name: "contact"}, &core.URLField{Name: "site"}, &core.EditorField{Name: "story"},
	)
}

// everyType adds and changes a doctor with fields of every type.
func everyType(t *testing.T, server *testapp.Server, ann testapp.User, page *browser.Page) {
	t.Helper()
	directory := t.TempDir()
	file := func(name string) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte("content of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	set := func(name, value string) {
		page.Evaluate(`(() => { const input = document.querySelector("[name=`+name+`]"); input.value = "`+value+`"; input.dispatchEvent(new Event("input", { bubbles: true })); })()`, nil)
	}
	page.Go(server.URL + "/#/doctors")
	page.Press("Add doctor")
	page.Fill("Name", "James Wilson")
	page.Fill("Extra", "{")
	page.Press("Add")
	page.Sees("Value must be valid JSON.")
	page.Fill("Extra", `{"languages": ["en", "pt"]}`)
	page.Fill("Latitude", "91")
	page.Press("Add")
	page.Sees("Longitude: Enter a number. Latitude: Enter 90 or less.")
	page.Sees("Enter the pin.")
	page.Fill("Latitude", "52.5")
	page.Fill("Longitude", "-13.25")
	page.Fill("Pin", "hush-hush")
	set("since", "2020-05-06")
	set("shift", "2026-02-03")
	set("shift-time", "07:30")
	page.Choose("[name=letter]", file("letter.txt"))
	page.Choose("[name=scans]", file("first.txt"))
	page.Choose("[name=scans]", file("second.txt"))
	for _, choice := range [][3]string{{"mentor", "hou", "Gregory House"}, {"wards", "nor", "North"}, {"wards", "so", "South"}} {
		page.Fill("Search "+choice[0], choice[1])
		page.Until(`document.querySelector("[role=option]")?.innerText.startsWith("` + choice[2] + `")`)
		page.Key("ArrowDown", "Enter")
	}
	page.Fill("Office", "north0000000000")
	page.Fill("Beds", "7")
	page.Fill("Contact", "james@example.com")
	page.Fill("Site", "https://example.com/")
	page.Fill("Story", "<p>Long</p>")
	page.Accessible()
	for _, size := range [][2]int64{{390, 844}, {1280, 1600}} {
		page.Resize(size[0], size[1])
		fits(page)
		page.Evaluate(`document.querySelector("[name=scans]").scrollIntoView({ block: "center" })`, nil)
		page.Screenshot(fmt.Sprintf("doctor-form-%d", size[0]))
	}
	// What can be kept of it is; files and passwords are in no storage of the browser.
	page.Until(`!/hush-hush|letter\.txt/.test(JSON.stringify(Object.entries(sessionStorage)))`)
	page.Reload()
	page.Press("Continue")
	page.Sees("Pin, Letter, Scans could not be kept: enter them again.")
	page.Until(`document.querySelector("[name=shift-time]").value === "07:30" && document.querySelector("[name=home-longitude]").value === "-13.25"`)
	page.Until(`[...document.querySelectorAll(".chosen-name")].map((name) => name.textContent).join() === "Gregory House,North,South"`)
	page.Fill("Pin", "hush-hush")
	page.Choose("[name=letter]", file("letter.txt"))
	page.Choose("[name=scans]", file("first.txt"))
	page.Choose("[name=scans]", file("second.txt"))
	page.Press("Add")
	page.Sees("James Wilson added.")
	page.Press("James Wilson")
	facts := `document.querySelector(".facts").innerText.replace(/\s+/g, " ")`
	page.Until(facts + `.includes("52.5, -13.25") && ` + facts + `.includes('"pt"') && ` + facts + `.includes("Gregory House Wards North South")`)
	page.Until(facts + `.includes("Since May 6, 2020") && !` + facts + `.includes("Pin")`)
	// A protected file is opened with a new token: that of the page ends after minutes.
	page.Evaluate(`(() => { window.open = (url) => { window.opened = String(url); }; [...document.querySelectorAll(".facts a")].find(({ textContent }) => textContent.startsWith("letter")).click(); })()`, nil)
	page.Until(`window.opened && fetch(window.opened).then((answer) => answer.text()).then((text) => text === "content of letter.txt")`)
	page.Accessible()
	page.Screenshot("doctor-facts")
	page.Resize(1280, 800)

	// Of several files some stay, one is removed and one added; a single one is removed.
	page.Press("Edit")
	stored := func(id string) map[string]any {
		return server.Must(200, ann.Access, "GET", "/api/doctors/"+id+"/", nil)
	}
	id := location(page)
	before := stored(id)
	name := func(link any) string { return filepath.Base(strings.Split(link.(string), "?")[0]) }
	page.Press("Remove " + name(before["scans"].([]any)[0]))
	page.Press("Remove " + name(before["letter"]))
	page.Choose("[name=scans]", file("third.txt"))
	page.Press("Remove Gregory House")
	page.Press("Remove North")
	page.Press("Remove South")
	page.Fill("Beds", "")
	page.Fill("Extra", "[1]")
	page.Screenshot("doctor-form-files")
	// A colleague changes the same field meanwhile.
	page.Allow("status of 412")
	server.Must(200, ann.Access, "PATCH", "/api/doctors/"+id+"/", map[string]any{"extra": []any{2}, "home": map[string]any{"lat": 3, "lon": 4}})
	page.Sees("Changed by you and by somebody else")
	page.Until(`document.querySelector(".versions").innerText.includes("2")`)
	page.Screenshot("doctor-conflict")
	page.Press("Use my version: Extra")
	page.Press("Save")
	page.Sees("James Wilson saved.")
	after := stored(id)
	scans := after["scans"].([]any)
	if len(scans) != 2 || scans[0] != before["scans"].([]any)[1] || !strings.HasPrefix(name(scans[1]), "third_") || after["letter"] != nil || after["mentor"] != nil || before["beds"] != 7.0 || after["beds"] != nil || len(after["wards"].([]any)) != 0 {
		t.Errorf("stored: %v", after)
	}
	if got, want := fmt.Sprintf("%v %v %v %v", after["extra"], after["home"], after["office"], after["shift"]), fmt.Sprintf("[1] map[lat:3 lon:4] north0000000000 %v", before["shift"]); got != want {
		t.Errorf("stored: %v", after)
	}
}
