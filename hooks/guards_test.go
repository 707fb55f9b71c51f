package hooks_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/rest"
	"carebase/internal/testing/testapp"
)

// TestEveryOwnedCollectionIsGuarded tries every guard on every collection whose
// records have an owner, with records made out of the declarations.
func TestEveryOwnedCollectionIsGuarded(t *testing.T) {
	c := testapp.SharedClinic(t)
	for _, collection := range collections.Owned() {
		t.Run(collection.Name, func(t *testing.T) {
			path := testapp.Records(collection.Name)
			forged := sample(c, c.Alice, collection)
			forged[collection.Owner] = c.Bob.ID
			created := c.Must(200, c.Alice.Access, "POST", path, forged)
			if created[collection.Owner] != c.Alice.ID {
				t.Errorf("the owner is %v, not the caller", created[collection.Owner])
			}
			id := created["id"].(string)
			c.Want(c.Call(c.Bob.Access, "GET", path+"/"+id, nil), map[bool]int{true: 200, false: 404}[collection.Shared])
			c.Want(c.Call(c.Bob.Access, "PATCH", path+"/"+id, map[string]any{}), 404, 403)
			c.Want(c.Call(c.Bob.Access, "DELETE", path+"/"+id, nil), 404)
			for _, field := range collection.Kept() {
				c.Want(c.Call(c.SuperuserToken, "PATCH", path+"/"+id, map[string]any{field: c.Bob.ID}), 400)
			}
			chosen := sample(c, c.Alice, collection)
			chosen["id"] = "chosenbyclient1"
			c.Want(c.Call(c.Alice.Access, "POST", path, chosen), 400)
			for _, upserted := range []string{id, "chosenbyclient2"} { // whether there is such a record must not show
				foreign := sample(c, c.Bob, collection)
				foreign["id"] = upserted
				if answer := c.Batch(c.Bob.Access, "PUT", path, foreign); answer.Status != 400 || !strings.Contains(answer.Body, "validation_id_not_allowed") {
					t.Errorf("upsert of %s: got %d %s", upserted, answer.Status, answer.Body)
				}
			}
			c.Want(c.Call("", "GET", path+"/"+id, nil), 404)
			c.Want(c.Call("broken", "GET", path, nil), 401)
			guardFields(t, c, collection)
			guardTexts(t, c, collection)
			guardRelations(t, c, collection)
			for _, action := range []audit.Action{audit.Create, audit.Read} {
				if !isRecorded(c, collection, id, action) {
					t.Errorf("the audit trail has no event %q of it", action)
				}
			}
			if collection.Patient != "" && len(history(c, created, collection)) == 0 {
				t.Error("the patient's history does not tell of it")
			}
		})
	}
}

// guardFields tries what no field of a kind may hold.
func guardFields(t *testing.T, c testapp.Clinic, collection *collections.Collection) {
	t.Helper()
	path := testapp.Records(collection.Name)
	for _, field := range collection.Resource.Fields {
		wrong := sample(c, c.Alice, collection)
		switch {
		case field.ReadOnly:
			continue
		case field.Type == rest.Integer:
			wrong[field.Name] = "many"
		case field.Type == rest.String:
			wrong[field.Name] = "a\x00b"
		default:
			continue
		}
		// PostgreSQL refuses null characters where PocketBase checks its rule, unnamed.
		if answer := c.Call(c.Alice.Access, "POST", path, wrong); answer.Status != 400 || field.Type == rest.Integer && !strings.Contains(answer.Body, `"`+field.Name+`"`) {
			t.Errorf("%s = %q: got %d %s", field.Name, wrong[field.Name], answer.Status, answer.Body)
		}
	}
}

// guardTexts sends texts between spaces, which are not stored.
func guardTexts(t *testing.T, c testapp.Clinic, collection *collections.Collection) {
	t.Helper()
	padded := sample(c, c.Alice, collection)
	want := map[string]string{}
	for _, field := range collection.Resource.Fields {
		if text, ok := padded[field.Name].(string); ok && field.Type == rest.String {
			padded[field.Name], want[field.Name] = " "+text+"\u00a0", text
		}
	}
	stored := c.Must(200, c.Alice.Access, "POST", testapp.Records(collection.Name), padded)
	for name, text := range want {
		if stored[name] != text {
			t.Errorf("%s is stored as %q", name, stored[name])
		}
	}
}

// guardRelations names somebody else's records: as a user, who does not get to
// them, and as a superuser, whom no rule of PocketBase holds back.
func guardRelations(t *testing.T, c testapp.Clinic, collection *collections.Collection) {
	t.Helper()
	path := testapp.Records(collection.Name)
	for _, relation := range collection.Relations {
		target := collections.Get(relation.Target)
		if target.Name == collections.Patients && collection.Patient != relation.Field {
			t.Errorf("%s refers to a patient, but is not declared as the Patient whose history tells of it", relation.Field)
		}
		if relation.GivesOwner || !target.Shared {
			mixed := sample(c, c.Alice, collection)
			mixed[collection.Owner] = c.Bob.ID
			if relation.GivesOwner {
				if made := c.Must(200, c.SuperuserToken, "POST", path, mixed); made[collection.Owner] != c.Alice.ID {
					t.Errorf("%s: the owner is %v, not that of the %s", relation.Field, made[collection.Owner], relation.Field)
				}
			} else {
				c.Want(c.Call(c.SuperuserToken, "POST", path, mixed), 400)
			}
		}
		if target.Shared {
			continue
		}
		foreign := sample(c, c.Alice, collection)
		foreign[relation.Field] = c.Must(200, c.Bob.Access, "POST", testapp.Records(target.Name), sample(c, c.Bob, target))["id"]
		c.Want(c.Call(c.Alice.Access, "POST", path, foreign), 400)
	}
}

// sample returns a new record's fields, each with the example of the reference,
// and relations to new records of the user.
func sample(c testapp.Clinic, user testapp.User, collection *collections.Collection) map[string]any {
	fields := map[string]any{}
	for _, field := range collection.Resource.Fields {
		if !field.ReadOnly {
			fields[field.Name] = field.Example
		}
	}
	for _, relation := range collection.Relations {
		target := collections.Get(relation.Target)
		fields[relation.Field] = c.Must(200, user.Access, "POST", testapp.Records(target.Name), sample(c, user, target))["id"]
	}
	return fields
}

// history returns the events of the patient that a record is about.
func history(c testapp.Clinic, record map[string]any, collection *collections.Collection) []any {
	patient := record[collection.Patient].(string)
	return c.Must(200, c.Alice.Access, "GET", "/api/patients/"+patient+"/history/", nil)["results"].([]any)
}

// isRecorded reports whether the audit trail has an action on a record.
func isRecorded(c testapp.Clinic, collection *collections.Collection, id string, action audit.Action) bool {
	c.Helper()
	c.Must(200, c.Alice.Access, "GET", testapp.Records(collection.Name)+"/"+id, nil)
	if err := audit.Flush(context.Background(), c.App); err != nil {
		c.Fatal(err)
	}
	filter := fmt.Sprintf("collection = '%s' && action = '%s' && records ~ '%s'", collection.Name, action, id)
	return c.Must(200, c.SuperuserToken, "GET", testapp.Records(collections.AuditEvents, "filter", filter), nil)["totalItems"] != 0.0
}
