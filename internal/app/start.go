package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"

	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/django"
	"carebase/internal/rest"
	"carebase/migrations"
)

// bindStart applies the configuration to the database before the server answers
// its first request.
func bindStart(app core.App, config *config.Config, notices io.Writer) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		// A transaction, because other processes may start at the same time.
		err := e.App.RunInTransaction(func(app core.App) error {
			ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
			defer cancel()
			if err := collections.Check(ctx, app); err != nil {
				return err
			}
			return errors.Join(
				collections.EnsureDerived(context.Background(), app.DB()),
				collections.Apply(app, config.DoctorsScope),
				closeUnserved(app),
				closeViews(app),
				closeRules(app),
				migrations.UniteSuperusers(app),
				applySecretKey(app, config.SecretKey),
				applySuperuser(app, config.SuperuserEmail, config.SuperuserPassword),
				applySuperuserMFA(app, config.SuperuserMFA),
			)
		})
		if err != nil {
			return err
		}
		if config.DjangoSecretKey != "" {
			if err := announceDjangoTokens(e.App, notices); err != nil {
				return err
			}
		}
		return e.Next()
	})
}

// announceDjangoTokens says how long DJANGO_SECRET_KEY is needed.
func announceDjangoTokens(app core.App, notices io.Writer) error {
	until, err := django.TokensUntil(app)
	if err != nil {
		return err
	}
	line := "DJANGO_SECRET_KEY is needed until " + until.UTC().Format("2006-01-02 15:04 UTC") + ", when the last refresh token that Django issued expires."
	switch {
	case until.IsZero():
		line = "DJANGO_SECRET_KEY is not needed: the import found no refresh token that is valid. If that Django kept no list of its tokens, unset it after Django's REFRESH_TOKEN_LIFETIME."
	case !until.After(time.Now()):
		line = "DJANGO_SECRET_KEY is not needed any more: all refresh tokens that Django issued have expired."
	}
	_, err = fmt.Fprintln(notices, line)
	return err
}

// checkTimeout limits the check of the schema at start.
const checkTimeout = time.Minute

// closeViews makes the views of health data superusers' only, and says so: rules
// of an earlier version may have opened them.
func closeViews(app core.App) error {
	closed, err := collections.CloseViews(app)
	if len(closed) > 0 {
		fmt.Fprintln(os.Stderr, "These views read health data, accounts or the audit trail, and are for superusers only now: "+strings.Join(closed, ", "))
	}
	return err
}

// closeUnserved makes collections that API_RESOURCES does not name any more superusers'
// only, and says so.
func closeUnserved(app core.App) error {
	closed, err := collections.CloseUnserved(app)
	if len(closed) > 0 {
		fmt.Fprintln(os.Stderr, "These collections have records of users but are not in API_RESOURCES any more, and are for superusers only now: "+strings.Join(closed, ", "))
	}
	return err
}

// closeRules locks rules that compare what only superusers and owners may read, and says
// so: the collections that they read may not have been confidential before.
func closeRules(app core.App) error {
	closed, err := collections.CloseRules(app)
	if len(closed) > 0 {
		fmt.Fprintln(os.Stderr, "These rules compare what users' records say, or secrets, and are locked now: "+strings.Join(closed, ", "))
	}
	return err
}

// derivedPrefix marks token secrets derived from SECRET_KEY, so that they are
// replaced when SECRET_KEY is unset.
const derivedPrefix = "derived-"

// randomSecretLength is the length of PocketBase's own secrets.
const randomSecretLength = 50

// applySecretKey derives the token secrets of all accounts, superusers included,
// from the key: one for each collection and purpose. A new key ends every token
// issued under the old one.
func applySecretKey(app core.App, key string) error {
	accounts, err := app.FindAllCollections(core.CollectionTypeAuth)
	if err != nil {
		return err
	}
	for _, collection := range accounts {
		if !setSecrets(collection, key) {
			continue
		}
		if err := app.Save(collection); err != nil {
			return err
		}
	}
	return nil
}

// setSecrets sets a collection's token secrets and reports whether any of them was
// another. It stores nothing.
func setSecrets(collection *core.Collection, key string) (changed bool) {
	for purpose, token := range map[string]*core.TokenConfig{
		"auth":           &collection.AuthToken,
		"password reset": &collection.PasswordResetToken,
		"email change":   &collection.EmailChangeToken,
		"verification":   &collection.VerificationToken,
		"file":           &collection.FileToken,
	} {
		secret := token.Secret
		switch {
		case key != "":
			secret = deriveSecret(key, collection.Name, purpose)
		case strings.HasPrefix(secret, derivedPrefix):
			secret = security.RandomString(randomSecretLength)
		}
		if secret != token.Secret {
			token.Secret, changed = secret, true
		}
	}
	return changed
}

func deriveSecret(key, collection, purpose string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("carebase " + collection + " " + purpose + " token"))
	return derivedPrefix + hex.EncodeToString(mac.Sum(nil))
}

// applySuperuser creates the configured superuser or sets its password. An
// unchanged password is not set again, because that would sign the superuser out.
func applySuperuser(app core.App, email, password string) error {
	if email == "" {
		return nil
	}
	superusers, err := app.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil {
		return err
	}
	superuser, err := app.FindAuthRecordByEmail(superusers, email)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		superuser = core.NewRecord(superusers)
		superuser.SetEmail(email)
	case err != nil:
		return err
	case superuser.ValidatePassword(rest.NormalizePassword(password)), superuser.ValidatePassword(password):
		return nil
	}
	superuser.SetPassword(password)
	return app.Save(superuser)
}

// applySuperuserMFA requires a one-time password of superusers besides their
// password. If not required, the operators' own settings stay.
func applySuperuserMFA(app core.App, required bool) error {
	if !required {
		return nil
	}
	if !app.Settings().SMTP.Enabled {
		fmt.Fprintln(os.Stderr, "SUPERUSER_MFA is on, but no mail server is (Settings → Mail settings): superusers may not receive their one-time passwords. `carebase superuser otp EMAIL` prints one.")
	}
	superusers, err := app.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil || superusers.MFA.Enabled && superusers.OTP.Enabled && superusers.MFA.Rule == "" {
		return err
	}
	superusers.MFA.Enabled, superusers.MFA.Rule, superusers.OTP.Enabled = true, "", true
	return app.Save(superusers)
}
