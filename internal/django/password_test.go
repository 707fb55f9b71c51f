package django_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/django"
	"carebase/internal/testing/testapp"
)

// hashOf is a hash of Django's that costs nothing.
func hashOf(plain string) string {
	digest := md5.Sum([]byte("salt" + plain))
	return "md5$salt$" + hex.EncodeToString(digest[:])
}

// newRecord is a record of an auth collection as the import makes it.
func newRecord(t testing.TB, app core.App, collection, email, encoded string) *core.Record {
	t.Helper()
	found, err := app.FindCollectionByNameOrId(collection)
	if err != nil {
		t.Fatal(err)
	}
	record := core.NewRecord(found)
	record.SetEmail(email)
	record.Set("name", "Somebody")
	record.SetPassword("Nobody-Knows-1")
	if err := app.Save(record); err != nil {
		t.Fatal(err)
	}
	if _, err := app.DB().Update(collection, dbx.Params{django.FieldPassword: encoded, "password": "$2a$10$" + strings.Repeat("x", 53)}, dbx.HashExp{"id": record.Id}).Execute(); err != nil {
		t.Fatal(err)
	}
	return find(t, app, record)
}

func find(t testing.TB, app core.App, record *core.Record) *core.Record {
	t.Helper()
	found, err := app.FindRecordById(record.Collection(), record.Id)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func verify(t testing.TB, app core.App, record *core.Record, plain string) bool {
	t.Helper()
	ok, err := django.Verify(context.Background(), app, record, plain)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestVerifyReplacesDjangosHash(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	for _, collection := range []string{"users", core.CollectionNameSuperusers} {
		record := newRecord(t, app, collection, "ann@clinic.example", hashOf("secret"))
		stale := find(t, app, record)
		if verify(t, app, record, "Secret") || django.Hash(find(t, app, record)) == "" {
			t.Error("a wrong password changed something")
		}
		if !verify(t, app, record, "secret") || !record.ValidatePassword("secret") || django.Hash(record) != "" {
			t.Error("the record has not got PocketBase's hash")
		}
		stored := find(t, app, record)
		if !stored.ValidatePassword("secret") || django.Hash(stored) != "" || stored.TokenKey() != stale.TokenKey() {
			t.Error("the database has not got PocketBase's hash, or sessions have ended")
		}
		if !verify(t, app, stored, "secret") || verify(t, app, stored, "other") {
			t.Error("PocketBase's hash does not decide")
		}
		// Another request has read the record before.
		if !verify(t, app, stale, "secret") || !stale.ValidatePassword("secret") {
			t.Error("of two requests at once, one fails")
		}
	}
}

func TestAPasswordThatIsSetMeanwhileStays(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	record := newRecord(t, app, "users", "ann@clinic.example", hashOf("secret"))
	other := find(t, app, record)
	other.SetPassword("Quite-Another-1")
	django.GuardHash(other)
	if err := app.Save(other); err != nil {
		t.Fatal(err)
	}
	if verify(t, app, record, "secret"); record.ValidatePassword("secret") {
		t.Error("the old password signs in")
	}
	if stored := find(t, app, record); stored.ValidatePassword("secret") || !stored.ValidatePassword("Quite-Another-1") || django.Hash(stored) != "" {
		t.Error("the new password is gone")
	}
}

func TestLongPasswords(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	long := strings.Repeat("correct horse ", 8)
	record := newRecord(t, app, "users", "ann@clinic.example", hashOf(long))
	for range 2 {
		if !verify(t, app, record, long) || !record.ValidatePassword(long) {
			t.Error("a long password is refused")
		}
		if verify(t, app, record, long+"!") || verify(t, app, record, long[:72]) {
			t.Error("another end is accepted")
		}
		record = find(t, app, record)
		if django.Hash(record) != hashOf(long) {
			t.Error("Django's hash is gone")
		}
	}
}

func TestGuardHash(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	record := newRecord(t, app, "users", "ann@clinic.example", hashOf("secret"))
	record.Set("name", "Another Name")
	record.Set(django.FieldPassword, "")
	django.GuardHash(record)
	if django.Hash(record) != hashOf("secret") {
		t.Error("a form's empty field removes the hash")
	}
	record.Set(django.FieldPassword, "something")
	if django.GuardHash(record); django.Hash(record) != hashOf("secret") {
		t.Error("the hash can be set")
	}
	record.SetPassword("Quite-Another-1")
	if django.GuardHash(record); django.Hash(record) != "" {
		t.Error("a new password leaves the old one")
	}
}

func TestAPlaceholderDoesNotSignIn(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	for _, original := range []string{"ann@clinic.example", "", strings.Repeat("x", 240) + "@clinic.example"} {
		record := newRecord(t, app, "users", "new@clinic.example", hashOf("secret"))
		address := django.Placeholder(record.Id, original)
		if len(address) > 254 || original != "" && len(original) < 200 && !strings.HasPrefix(address, original+".") {
			t.Errorf("got %s", address)
		}
		record.SetEmail(strings.ToUpper(address))
		if verify(t, app, record, "secret") {
			t.Errorf("%s signs in", address)
		}
		record.SetEmail("new@clinic.example")
		if !verify(t, app, record, "secret") {
			t.Error("a new address does not")
		}
		if err := app.Delete(record); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNobodySeesTheHash asks all APIs that show records.
func TestNobodySeesTheHash(t *testing.T) {
	s := testapp.New(t)
	user := s.SignUp("ann")
	if _, err := s.App.DB().Update("users", dbx.Params{django.FieldPassword: hashOf("secret"), django.FieldInactive: true}, dbx.HashExp{"id": user.ID}).Execute(); err != nil {
		t.Fatal(err)
	}
	path := "/api/collections/users/records/" + user.ID
	digest := strings.TrimPrefix(hashOf("secret"), "md5$salt$")
	seen := s.Call(s.Superuser(), "GET", path, nil)
	if strings.Contains(seen.Body, digest) || !strings.Contains(seen.Body, `"inactive":true`) {
		t.Errorf("a superuser sees %s", seen.Body)
	}
	if own := s.Call(user.Access, "GET", path, nil); strings.Contains(own.Body, "inactive") || strings.Contains(own.Body, "django_password") {
		t.Errorf("a user sees %s", own.Body)
	}
	s.Call(user.Access, "PATCH", path, map[string]any{"inactive": false, "name": "Ann"})
	if record, err := s.App.FindRecordById("users", user.ID); err != nil || !django.IsInactive(record) {
		t.Errorf("a user activates themselves, %v", err)
	}
	if found := s.Call(user.Access, "GET", "/api/collections/users/records?filter=inactive=true", nil); found.Status == 200 && strings.Contains(found.Body, user.ID) {
		t.Errorf("a user filters by it: %s", found.Body)
	}
}

func TestWork(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	ctx := context.Background()
	spend := func(work *django.Work, begun time.Time) time.Duration {
		t.Helper()
		start := time.Now()
		if err := work.Spend(ctx, app, "users", begun); err != nil {
			t.Fatal(err)
		}
		return time.Since(start)
	}
	none := spend(&django.Work{}, time.Now())
	newRecord(t, app, "users", "ann@clinic.example", "pbkdf2_sha256$1000000$salt$hLypkFINtd1Gns1D54uZl25gav7xCSC24z+rTdVcf0Y=")
	work := &django.Work{}
	full, rest := spend(work, time.Now()), spend(work, time.Now().Add(-time.Hour))
	if none > full/2 || rest > full/2 {
		t.Errorf("%v without hashes, %v for nothing done, %v for all done", none, full, rest)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := work.Spend(ended, app, "users", time.Now()); err == nil {
		t.Error("it goes on for a caller who has gone")
	}
}
