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
	"carebase/internal/rest"
)

// maxBcryptPassword is the number of bytes of a password that bcrypt uses.
const maxBcryptPassword = 72

// Hash returns the hash that Django stored for a record's password, or "" if it never
// had one or it has been replaced.
func Hash(record *core.Record) string {
	if value, ok := record.GetRaw(FieldPassword).(*core.PasswordFieldValue); ok {
		return value.Hash
	}
	return ""
}

// SetHash sets the hash that Django stored for a record's password.
func SetHash(record *core.Record, encoded string) {
	record.SetRaw(FieldPassword, &core.PasswordFieldValue{Hash: encoded})
}

// Verify reports whether plain is the password of a user or superuser. It checks the
// hash stored by Django if there is one, otherwise PocketBase's. A password that
// matches Django's hash is rehashed with PocketBase's, in the database and in the
// record, so that record.ValidatePassword accepts it from then on; Django's hash is
// removed. Django's hash is kept for a password too long for bcrypt, because
// ValidatePassword compares only the first 72 bytes. A caller must not call
// ValidatePassword after Verify has returned false.
//
// Verify ignores IsInactive. Call it within the limit on concurrent password hashing,
// as for PocketBase's own check, and never in a transaction.
//
// New passwords are stored as rest.NormalizePassword spells them; older ones are
// accepted as they were typed.
func Verify(ctx context.Context, app core.App, record *core.Record, plain string) (bool, error) {
	if normal := rest.NormalizePassword(plain); normal != plain {
		if valid, err := verify(ctx, app, record, normal); valid || err != nil {
			return valid, err
		}
	}
	return verify(ctx, app, record, plain)
}

func verify(ctx context.Context, app core.App, record *core.Record, plain string) (bool, error) {
	encoded := Hash(record)
	if encoded == "" || hasPlaceholder(record) {
		return record.ValidatePassword(plain) && !hasPlaceholder(record), nil
	}
	// The import decided whether weak hashes are acceptable.
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

// replace stores PocketBase's hash of a password, and kept as Django's, unless another
// request has already done so or changed the password. Sessions stay valid, because
// the password is the same.
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
		// A concurrent request changed the hashes; use those for the rest of this
		// request.
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

// GuardHash protects FieldPassword from clients: setting a new password removes
// Django's hash, and nothing else changes it, such as the empty value of a dashboard
// form. Call it before every update of a user or superuser; otherwise an old password
// would keep working.
func GuardHash(record *core.Record) {
	kept := ""
	if record.GetString(core.FieldNamePassword) == "" {
		kept = Hash(record.Original())
	}
	SetHash(record, kept)
}

// Work equalizes the time of rejected sign-ins for known and unknown addresses while
// users have Django hashes, which are more expensive than PocketBase's.
type Work struct {
	mutex   sync.Mutex
	checked time.Time
	// iterations is the cost of the most expensive hash, in iterations of PBKDF2.
	iterations int
}

const (
	// recheckAfter is how long the cost of the stored hashes is cached.
	recheckAfter = 10 * time.Minute
	// workStep is the number of iterations between checks of the clock.
	workStep = 20_000
)

// Spend takes the time that a rejected check which started at begun would have taken
// with the most expensive Django hash. Call it after every Verify that fails, whatever
// the reason.
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
		// Count the time already spent as iterations.
		if perStep := time.Since(start); done == 0 && perStep > 0 {
			done += int(float64(spent) / float64(perStep) * workStep)
		}
	}
	return ctx.Err()
}

// target returns the iterations of the most expensive Django hash in a collection; 0
// if there is none.
func (w *Work) target(ctx context.Context, app core.App, collection string) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if time.Since(w.checked) < recheckAfter {
		return w.iterations, nil
	}
	var prefixes []string
	// A hash starts with its parameters.
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
