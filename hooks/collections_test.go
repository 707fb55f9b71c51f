package hooks_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

// exported returns what the dashboard exports.
func exported(c testapp.Clinic) []map[string]any {
	c.Helper()
	var list struct{ Items []map[string]any }
	c.Call(c.SuperuserToken, "GET", "/api/collections?perPage=500", nil).Decode(c.Server, &list)
	return list.Items
}

// definitions returns what the dashboard exports as text, without dates.
func definitions(c testapp.Clinic) string {
	c.Helper()
	items := exported(c)
	slices.SortFunc(items, func(a, b map[string]any) int { return strings.Compare(a["name"].(string), b["name"].(string)) })
	for _, item := range items {
		delete(item, "updated")
		slices.SortFunc(item["fields"].([]any), func(a, b any) int {
			return strings.Compare(a.(map[string]any)["id"].(string), b.(map[string]any)["id"].(string))
		})
	}
	text, err := json.Marshal(items)
	if err != nil {
		c.Fatal(err)
	}
	return string(text)
}

// named returns a copy of an exported collection, with some parts replaced.
func named(c testapp.Clinic, name string, parts map[string]any) map[string]any {
	c.Helper()
	var copied map[string]any
	c.Call(c.SuperuserToken, "GET", "/api/collections/"+name, nil).Decode(c.Server, &copied)
	for part, value := range parts {
		copied[part] = value
	}
	return copied
}

// changedField returns a collection's fields with one changed, or without it.
func changedField(c testapp.Clinic, collection, field, option string, value any) []any {
	c.Helper()
	return withField(named(c, collection, nil), field, option, value)
}

// withField returns the fields of an exported collection with one changed, or without
// it.
func withField(collection map[string]any, field, option string, value any) []any {
	var fields []any
	for _, each := range collection["fields"].([]any) {
		fields = append(fields, maps.Clone(each.(map[string]any)))
	}
	i := slices.IndexFunc(fields, func(f any) bool { return f.(map[string]any)["name"] == field })
	if option == "" {
		return slices.Delete(fields, i, i+1)
	}
	fields[i].(map[string]any)[option] = value
	return fields
}

func TestTheProgramsCollectionsStay(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	before := definitions(c)
	for _, declared := range collections.All() {
		name := declared.Name
		c.Want(c.Call(c.SuperuserToken, "DELETE", "/api/collections/"+name, nil), 400)
		stored, err := c.App.FindCollectionByNameOrId(name)
		if err != nil {
			t.Fatal(err)
		}
		whole := named(c, name, nil)
		otherType := "view"
		if name == collections.AuditEvents {
			otherType = "base"
		}
		changes := []map[string]any{
			{"name": name + "_x"}, {"type": otherType}, {"listRule": ""}, {"viewRule": "id != ''"}, {"system": true},
			{"createRule": "id = ''"}, {"updateRule": "id = 'x'"}, {"deleteRule": ""},
		}
		if name != collections.AuditEvents {
			for _, field := range declared.Fields() {
				if field == "id" {
					continue // PocketBase keeps it
				}
				changes = append(changes, map[string]any{"fields": withField(whole, field, "name", "other")})
				if !stored.Fields.GetByName(field).GetSystem() { // of those, PocketBase keeps the rest
					changes = append(changes,
						map[string]any{"fields": withField(whole, field, "", nil)}, map[string]any{"fields": withField(whole, field, "hidden", !stored.Fields.GetByName(field).GetHidden())})
				}
			}
			changes = append(changes, map[string]any{"indexes": []string{}}, map[string]any{"fields": withField(whole, "id", "pattern", "^[A-Za-z0-9]+$")})
		} else {
			changes = append(changes, map[string]any{"viewQuery": "SELECT id, hash FROM audit_log"})
		}
		for _, change := range changes {
			if patched := c.Call(c.SuperuserToken, "PATCH", "/api/collections/"+name, change); patched.Status != 400 {
				t.Errorf("%s %v: got %d %s", name, change, patched.Status, patched.Body)
			}
			// PocketBase adds the fields again that an import leaves out.
			imported := maps.Clone(whole)
			maps.Copy(imported, change)
			c.Call(c.SuperuserToken, "PUT", "/api/collections/import", map[string]any{"collections": []any{imported}})
		}
		if after := definitions(c); after != before {
			t.Fatalf("%s: a collection has changed: %s", name, after)
		}
	}
	for _, change := range [][3]any{
		{"_authOrigins", "fingerprint", "min"}, {"_superusers", "tokenKey", "max"}, {"_otps", "recordRef", "max"}, {"_mfas", "method", "min"}, {"_externalAuths", "provider", "max"},
	} {
		name, field, option := change[0].(string), change[1].(string), change[2].(string)
		fields := map[string]any{"fields": changedField(c, name, field, option, 1000-len(field))}
		c.Want(c.Call(c.SuperuserToken, "PATCH", "/api/collections/"+name, fields), 400)
		c.Call(c.SuperuserToken, "PUT", "/api/collections/import", map[string]any{"collections": []any{named(c, name, fields)}})
	}
	if after := definitions(c); after != before {
		t.Fatalf("a collection of PocketBase's has changed: %s", after)
	}
	c.Want(c.Call(c.SuperuserToken, "PUT", "/api/collections/import", map[string]any{
		"deleteMissing": true, "collections": []any{map[string]any{"name": "notes", "type": "base"}}}), 400)
	if after := definitions(c); after != before {
		t.Errorf("a collection has changed: %s", after)
	}
	answer := c.Call(c.SuperuserToken, "PATCH", "/api/collections/patients", map[string]any{"listRule": ""})
	if answer.Status != 400 || !strings.Contains(answer.Body, `"listRule":{"code":"validation_own_collection"`) {
		t.Errorf("got %d %s", answer.Status, answer.Body)
	}
}

func TestOperatorsExtendTheProgramsCollections(t *testing.T) {
	c := testapp.NewClinic(t)
	change := func(name string, parts map[string]any) {
		t.Helper()
		c.Must(200, c.SuperuserToken, "PATCH", "/api/collections/"+name, parts)
	}
	patients := named(c, "patients", nil)
	fields := append(patients["fields"].([]any), map[string]any{"name": "ward", "type": "text"})
	indexes := append(patients["indexes"].([]any), "CREATE INDEX idx_ward ON patients (ward)")
	change("patients", map[string]any{"fields": fields, "indexes": indexes})
	change("patients", map[string]any{"fields": changedField(c, "patients", "ward", "max", 10)})
	change("patients", map[string]any{"fields": changedField(c, "patients", "ward", "required", true)})
	c.Must(201, c.Alice.Access, "POST", "/api/patients/", map[string]any{"name": "Third", "age": 0, "ward": "north"})
	accounts := append(named(c, "users", nil)["fields"].([]any), map[string]any{"name": "ward", "type": "text", "required": true})
	c.Want(c.Call(c.SuperuserToken, "PATCH", "/api/collections/users", map[string]any{"fields": accounts}), 400)
	change("patients", map[string]any{"fields": changedField(c, "patients", "notes", "help", "Ask the ward.")})
	change("patients", map[string]any{"fields": changedField(c, "patients", "ward", "", nil), "indexes": patients["indexes"]})
	change("users", map[string]any{"otp": map[string]any{"enabled": true}, "mfa": map[string]any{"enabled": true, "duration": 100}})
	change("users", map[string]any{"authToken": map[string]any{"duration": 1000}, "passwordAuth": map[string]any{"enabled": true, "identityFields": []string{"email"}}})
	change("users", map[string]any{"authRule": "verified = true"})
	change("users", map[string]any{"fields": changedField(c, "users", "email", "onlyDomains", []string{"example.com"})})
	change("users", map[string]any{"verificationTemplate": map[string]any{"subject": "Hello", "body": "{APP_URL}/{TOKEN}"}})
	change("users", map[string]any{"oauth2": map[string]any{"enabled": true, "providers": []any{map[string]any{"name": "google", "clientId": "a", "clientSecret": "b"}}}})
}

func TestAnExportIsImported(t *testing.T) {
	c := testapp.NewClinic(t)
	for _, deleteMissing := range []bool{false, true} {
		c.Must(204, c.SuperuserToken, "PUT", "/api/collections/import", map[string]any{"collections": exported(c), "deleteMissing": deleteMissing})
	}
	if got := c.IDs(c.Alice.Access, testapp.Records("patients")); !slices.Equal(got, []string{c.AlicePatient}) {
		t.Errorf("got %v", got)
	}
}

func TestNobodyChoosesTokenSecrets(t *testing.T) {
	c := testapp.NewClinic(t)
	chosen := strings.Repeat("chosen", 6)
	for _, name := range []string{"users", "_superusers", "clerks"} {
		body := map[string]any{"authToken": map[string]any{"secret": chosen, "duration": 1000}, "fileToken": map[string]any{"secret": chosen, "duration": 1000}}
		if name == "clerks" {
			body["name"], body["type"] = name, "auth"
			c.Must(200, c.SuperuserToken, "POST", "/api/collections", body)
		} else {
			c.Must(200, c.SuperuserToken, "PATCH", "/api/collections/"+name, body)
			superuser, err := c.App.FindAuthRecordByEmail("_superusers", "operator@example.com")
			if err != nil {
				t.Fatal(err)
			}
			if c.SuperuserToken, err = superuser.NewAuthToken(); err != nil {
				t.Fatal(err)
			}
		}
		collection, err := c.App.FindCollectionByNameOrId(name)
		if err != nil || collection.AuthToken.Secret == chosen || collection.FileToken.Secret == chosen || len(collection.AuthToken.Secret) < 50 {
			t.Errorf("%s: a request chose a secret (%v)", name, err)
		}
	}
}

func TestNobodyChoosesTokenKeys(t *testing.T) {
	c := testapp.NewClinic(t)
	chosen := strings.Repeat("chosen", 6)
	account := map[string]any{"name": "Ann", "email": "ann@example.com", "password": testapp.Password, "passwordConfirm": testapp.Password, "tokenKey": chosen}
	created := c.Must(200, c.SuperuserToken, "POST", testapp.Records("users"), account)["id"].(string)
	c.Must(200, c.SuperuserToken, "PATCH", testapp.Records("users")+"/"+c.Alice.ID, map[string]any{"tokenKey": chosen})
	c.Must(200, c.SuperuserToken, "POST", "/api/batch", map[string]any{"requests": []any{
		map[string]any{"method": "PATCH", "url": testapp.Records("users") + "/" + c.Bob.ID, "body": map[string]any{"tokenKey": chosen + "x"}}}})
	for _, id := range []string{created, c.Alice.ID, c.Bob.ID} {
		record, err := c.App.FindRecordById("users", id)
		if err != nil || strings.HasPrefix(record.TokenKey(), "chosen") || len(record.TokenKey()) < 30 {
			t.Errorf("a request chose a token key (%v)", err)
		}
	}
}
