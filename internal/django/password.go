package django

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"golang.org/x/crypto/bcrypt"

	"carebase/internal/django/password"
)

// maxBcryptPassword is how many bytes of a password bcrypt looks at.
const maxBcryptPassword = 72

// Hash is the hash that Django stored of a record's password; empty if there is
// none, or none any more.
func Hash(record *core.Record) string {
	if value, ok := record.GetRaw(FieldPassword).(*core.PasswordFieldValue); ok {
		return value.Hash
	}
	return ""
}

// SetHash gives a record the hash that Django stored.
func SetHash(record *core.Record, encoded string) {
	record.SetRaw(FieldPassword, &core.PasswordFieldValue{Hash: encoded})
}

// Verify reports whether plain is the password of a user or superuser, by the hash
// that Django stored if there is one, and otherwise by PocketBase's. A password that
// Django's hash verifies gets PocketBase's hash, in the database and in the record,
// so that the record's own ValidatePassword takes it from then on, and Django's is
// removed. One that is too long for bcrypt keeps Django's, which goes on deciding:
// ValidatePassword looks at its first 72 bytes only. Who is refused here must not get
// as far as ValidatePassword.
//
// It does not look at IsInactive. It is to be called where passwords take turns, as
// PocketBase's own check, and never in a transaction.
func Verify(ctx context.Context, app core.App, record *core.Record, plain string) (bool, error) {
	encoded := Hash(record)
	if encoded == "" || hasPlaceholder(record) {
		return record.ValidatePassword(plain) && !hasPlaceholder(record), nil
	}
	// What the import admitted is admitted here: weak hashes too.
	hash, err := password.Parse(encoded, true)
	if err != nil || !hash.Verify(plain) {
		return false, nil
	}
	if len(plain) > maxBcryptPassword {
		if record.ValidatePassword(plain) {
			return true, nil
		}
		return true, replace(ctx, app, record, encoded, encoded, plain[:maxBcryptPassword])
	}
	return true, replace(ctx, app, record, encoded, "", plain)
}

// replace stores PocketBase's hash of a password beside what is kept of Django's,
// unless another request has done so or has set another password. The user's
// sessions go on: it is the same password.
func replace(ctx context.Context, app core.App, record *core.Record, encoded, kept, plain string) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(plain), passwordCost(record.Collection()))
	if err != nil {
		return err
	}
	result, err := app.NonconcurrentDB().Update(record.Collection().Name,
		dbx.Params{core.FieldNamePassword: string(hash), FieldPassword: kept},
		dbx.HashExp{"id": record.Id, FieldPassword: encoded},
	).WithContext(ctx).Execute()
	if err != nil {
		return err
	}
	changed, err := result.RowsAffected()
	if err != nil {
		return err
	}
	if changed == 0 {
		// What is stored by now decides what comes next in this request.
		stored, err := app.FindRecordById(record.Collection(), record.Id)
		if err != nil {
			return err
		}
		record.SetRaw(core.FieldNamePassword, stored.GetRaw(core.FieldNamePassword))
		record.SetRaw(FieldPassword, stored.GetRaw(FieldPassword))
		return nil
	}
	record.SetRaw(core.FieldNamePassword, &core.PasswordFieldValue{Hash: string(hash)})
	SetHash(record, kept)
	return nil
}

func passwordCost(collection *core.Collection) int {
	if field, ok := collection.Fields.GetByName(core.FieldNamePassword).(*core.PasswordField); ok && field.Cost > 0 {
		return field.Cost
	}
	return bcrypt.DefaultCost
}

// GuardHash keeps FieldPassword the server's: a record that gets another password
// loses Django's hash, and nothing else changes it, such as the empty password of a
// dashboard's form. It is to be called before every update of a user or superuser:
// without it an old password would go on working.
func GuardHash(record *core.Record) {
	kept := ""
	if record.GetString(core.FieldNamePassword) == "" {
		kept = Hash(record.Original())
	}
	SetHash(record, kept)
}

// Work makes refused sign-ins take the same time for known and unknown addresses
// while users have hashes of Django's, which cost more than PocketBase's.
type Work struct {
	mutex   sync.Mutex
	checked time.Time
	// iterations is what the most expensive hash costs, in iterations of PBKDF2.
	iterations int
}

const (
	// recheckAfter is how long it takes to notice that the last hash is gone.
	recheckAfter = 10 * time.Minute
	// workStep is how many iterations are done between looks at the clock.
	workStep = 20_000
)

// Spend does what is left to do of a refused check that has begun at a time. It
// is to be called where Verify is, whatever the reason for refusing was.
func (w *Work) Spend(ctx context.Context, app core.App, collection string, begun time.Time) error {
	target, err := w.target(ctx, app, collection)
	if err != nil || target == 0 {
		return err
	}
	spent := time.Since(begun)
	for done := 0; done < target && ctx.Err() == nil; done += workStep {
		start := time.Now()
		if _, err := pbkdf2.Key(sha256.New, "nobody's password", []byte("carebase"), workStep, sha256.Size); err != nil {
			return err
		}
		// What the check took stands for as many iterations as take that long.
		if perStep := time.Since(start); done == 0 && perStep > 0 {
			done += int(float64(spent) / float64(perStep) * workStep)
		}
	}
	return ctx.Err()
}

// target is the number of iterations that most of the stored hashes of Django's
// take; 0 if there are none.
func (w *Work) target(ctx context.Context, app core.App, collection string) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if time.Since(w.checked) < recheckAfter {
		return w.iterations, nil
	}
	var prefixes []string
	// The parameters of a hash are at its beginning.
	err := app.ConcurrentDB().NewQuery("SELECT DISTINCT substr(django_password, 1, 24) FROM {{" + collection + "}} WHERE django_password != ''").
		WithContext(ctx).Column(&prefixes)
	if err != nil {
		return 0, err
	}
	w.iterations, w.checked = 0, time.Now()
	for _, prefix := range prefixes {
		w.iterations = max(w.iterations, password.Iterations(prefix))
	}
	return w.iterations, nil
}
