package console

import (
	"os"
	"path/filepath"
	"testing"
)

// TestImportAndExport shows what is wrong with a file before anything is imported,
// imports it, and saves the list.
func TestImportAndExport(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	write := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	page := signedIn(t, server, ann, "patients")
	page.Allow("status of 400 (Bad Request)")
	page.Sees("No patients yet")
	page.Press("Import")
	page.Choose("[type=file]", write("wrong.csv", "name,age,notes\nAda,36,\"two\nlines\"\nBernard,old,<b>\n,3,\n"))
	page.Sees("2 errors in 3 rows.")
	page.Sees("Line 4, age: Enter a whole number, such as 34.")
	page.Sees("Line 5, name: Enter the name.")
	page.Until(`[...document.querySelectorAll(".preview mark")].map((mark) => mark.textContent).join("|") === "old|empty"`)
	page.Accessible()
	page.Screenshot("import-errors")
	page.Choose("[type=file]", write("right.csv", "\ufeffname;age;notes\r\nAda;36;\"a;b\"\r\nBernard;0;\r\n"))
	page.Sees("2 patients can be imported.")
	page.Until(`document.querySelector(".preview").innerText.includes("a;b")`)
	page.Screenshot("import")
	// The answer gets lost, and the file is sent again.
	page.Evaluate(`(() => {
		const real = window.fetch;
		window.fetch = async (path, options) => {
			// The session is checked from time to time.
			if (!String(path).includes("/import/")) return real(path, options);
			window.fetch = real;
			await real(path, options);
			throw new TypeError("lost");
		};
	})()`, nil)
	page.Press("Import 2 patients")
	page.Until(`document.querySelector("dialog").innerText.includes("Not imported. The server cannot be reached.")`)
	page.Screenshot("import-failed")
	page.Press("Import 2 patients")
	page.Sees("2 patients imported.")
	page.Until(rows + `.split("|").sort().join("|") === "Ada|Bernard"`)

	page.Fill("Search patients", "ada")
	page.Sees("1 match")
	page.Evaluate(`(() => { const create = URL.createObjectURL; URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return create(blob); }; })()`, nil)
	page.Press("Export")
	page.Until(`window.saved?.includes("Ada,36,a;b") && !window.saved.includes("Bernard")`)
	page.Click("tbody .row-link")
	page.Until(`document.querySelector("h1").textContent === "Ada" && document.querySelector(".buttons button")`)
	page.Press("Export")
	page.Until(`window.saved.startsWith("{") && JSON.parse(window.saved).patient.name === "Ada"`)
}
