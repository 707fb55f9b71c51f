package console

import (
	"testing"

	"github.com/pocketbase/pocketbase/core"
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
	if err := server.App.Save(doctors); err != nil {
		t.Fatal(err)
	}
	server.Create(ann, "doctors", map[string]any{"name": "Gregory House", "room": "B12"})
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
}
