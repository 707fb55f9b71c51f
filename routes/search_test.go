package routes_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// found returns the names of the patients that a search finds, sorted.
func found(server *testapp.Server, user testapp.User, search string) []string {
	server.Helper()
	list := server.Call(user.Access, "GET", "/api/patients/?ordering=name&search="+url.QueryEscape(search), nil).List(server)
	var names []string
	for _, patient := range list {
		names = append(names, fmt.Sprint(patient["name"]))
	}
	return names
}

func TestSearchIgnoresCaseAndAccents(t *testing.T) {
	server := testapp.Shared(t)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	const nfd = "Zoe\u0308"
	names := []string{
		"Łukasz", "søren", "ZOË", nfd, "Strauß", "Işık", "ΟΔΥΣΣΕΥΣ", "Ｆｕｌｌ Ｗｉｄｔｈ", "Ђорђе", "Þórður", "Æneas", "Naïve 100%", "ᾠδή και Ιωαννίδης", "under_score", `back\slash`, "o'Brien \"Q\"", "Ann Lee",
	}
	for _, name := range names {
		server.Must(201, alice.Access, "POST", "/api/patients/", map[string]any{"name": name, "age": 1, "notes": "seen; " + name + " twice"})
		server.Must(201, bob.Access, "POST", "/api/patients/", map[string]any{"name": name + " of Bob", "age": 1})
	}
	for search, want := range map[string][]string{
		"lukasz": {"Łukasz"}, "ŁUKASZ": {"Łukasz"}, "SØREN": {"søren"}, "soren": {"søren"}, "zoë": {"ZOË", nfd}, "Zoe\u0308": {"ZOË", nfd}, "oë": {"ZOË", nfd},
		"STRAUSS": {"Strauß"}, "strauß": {"Strauß"}, "isik": {"Işık"}, "IŞIK": {"Işık"}, "ışık": {"Işık"}, "οδυσσευς": {"ΟΔΥΣΣΕΥΣ"}, "full width": {"Ｆｕｌｌ Ｗｉｄｔｈ"},
		"και": {"ᾠδή και Ιωαννίδης"}, "ιωαννιδης": {"ᾠδή και Ιωαννίδης"}, "ωδη": {"ᾠδή και Ιωαννίδης"},
		"ЂОРЂЕ": {"Ђорђе"}, "thordur": {"Þórður"}, "aeneas": {"Æneas"}, "æneas": {"Æneas"},
		"100%": {"Naïve 100%"}, "0%": {"Naïve 100%"}, "%": {"Naïve 100%"}, "_": {"under_score"}, "r_s": {"under_score"}, `\`: {`back\slash`}, `k\s`: {`back\slash`},
		"o'b": {`o'Brien "Q"`}, `"Ann Lee"`: {"Ann Lee"}, "lee ann": {"Ann Lee"}, "ann,lee": {"Ann Lee"}, `"lee ann"`: nil, "seen; ann": {"Ann Lee"},
		"lee seen": {"Ann Lee"}, `"leeseen"`: nil, `"Lee` + "\x01" + `seen"`: nil, "twice xyzzy": nil, "of Bob": nil, "z": {"Łukasz", "ZOË", nfd}, "zo": {"ZOË", nfd}, "\u0301 lukasz": {"Łukasz"},
	} {
		slices.Sort(want)
		if got := found(server, alice, search); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
			t.Errorf("%q: got %q, want %q", search, got, want)
		}
	}
	if got := found(server, alice, "\u0301"); len(got) != len(names) {
		t.Errorf("an accent alone: got %q", got)
	}
	if response := server.Call(alice.Access, "GET", "/api/patients/?search=%00", nil); response.Status != 400 {
		t.Errorf("got %d %s", response.Status, response.Body)
	}
	page := server.Must(200, alice.Access, "GET", "/api/patients/?page=1&page_size=2&age=1&search=TWICE", nil)
	if page["count"] != float64(len(names)) {
		t.Errorf("got %v", page["count"])
	}
}

// TestSearchFollowsEveryChange changes rows through PocketBase's doors and in SQL,
// before and after the index takes them in.
func TestSearchFollowsEveryChange(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice := server.SignUp("alice")
	check := func(search string, want ...string) {
		t.Helper()
		if got := found(server, alice, search); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", search, got, want)
		}
	}
	for round := range 2 {
		suffix := fmt.Sprint(" in round ", round)
		id := server.Patient(alice, "Alpha"+suffix)
		check("alpha in round "+fmt.Sprint(round), "Alpha"+suffix)
		server.Must(200, alice.Access, "PATCH", "/api/collections/patients/records/"+id, map[string]any{"name": "Beta" + suffix, "notes": "gamma"})
		check("alpha" + suffix)
		check("beta gamma"+suffix, "Beta"+suffix)
		execute(server, "UPDATE patients SET name = 'Délta"+suffix+"' WHERE id = '"+id+"'")
		check("delta"+suffix, "Délta"+suffix)
		// The index takes in what has changed when there is more.
		manyPatients(server, alice.ID, 300)
		check("delta"+suffix, "Délta"+suffix)
		check("beta" + suffix)
		if got := found(server, alice, "patient 39"); len(got) != 300/40 && len(got) != 300/40+1 {
			t.Errorf("got %d", len(got))
		}
		execute(server, "DELETE FROM patients WHERE name LIKE 'Patient %'")
		check("patient")
		execute(server, "UPDATE patients SET notes = 'épsilon' WHERE id = '"+id+"'")
		check("EPSILON", "Délta"+suffix)
		server.Must(204, alice.Access, "DELETE", "/api/patients/"+id+"/", nil)
		check("delta")
		execute(server, "VACUUM")
	}
	// Row ids are used again.
	server.Patient(alice, "Omega")
	check("delta")
	check("omega", "Omega")
}

func execute(server *testapp.Server, statement string) {
	server.Helper()
	if _, err := server.App.NonconcurrentDB().NewQuery(statement).Execute(); err != nil {
		server.Fatal(err)
	}
}

// TestSearchOfManyHits reads some of many rows that match in their order, and all.
// Rows that are too long for the index are found, too.
func TestSearchOfManyHits(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice := server.SignUp("alice")
	const hits = 5100
	execute(server, fmt.Sprintf(`WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %d)
		INSERT INTO patients (id, created_by, created_at, name, age, notes)
		SELECT 'p' || (10000000000000 + n), '%s', '2025-01-01 00:00:00.000Z', 'Pat ' || (n %% 40), n %% 5, '' FROM numbers`, hits, alice.ID))
	if got := found(server, alice, "PAT"); len(got) != hits || !slices.IsSorted(got) {
		t.Errorf("got %d", len(got))
	}
	page := server.Must(200, alice.Access, "GET", "/api/patients/?page=2&page_size=50&search=pat", nil)
	if page["count"] != float64(hits) || len(page["results"].([]any)) != 50 {
		t.Errorf("got %v", page["count"])
	}
	server.Must(201, alice.Access, "POST", "/api/patients/", map[string]any{"name": "Long", "age": 1, "notes": strings.Repeat("n", 70_000) + "Ø"})
	execute(server, "UPDATE patients SET notes = 'indexed' WHERE age = 4")
	for _, search := range []string{"nø", strings.Repeat("N", 40), "long nnn"} {
		if got := found(server, alice, search); !slices.Equal(got, []string{"Long"}) {
			t.Errorf("%s: got %d", search, len(got))
		}
	}
}
