package hooks_test

import (
	"strings"
	"testing"

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
			c.Want(c.Batch(c.Bob.Access, "PUT", path, map[string]any{"id": id}), 400)
			c.Want(c.Call("", "GET", path+"/"+id, nil), 404)
			c.Want(c.Call("broken", "GET", path, nil), 401)
			guardFields(t, c, collection)
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
		if answer := c.Call(c.Alice.Access, "POST", path, wrong); answer.Status != 400 || !strings.Contains(answer.Body, `"`+field.Name+`"`) {
			t.Errorf("%s = %q: got %d %s", field.Name, wrong[field.Name], answer.Status, answer.Body)
		}
	}
	for _, relation := range collection.Relations {
		target := collections.Get(relation.Target)
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
