package routes

import (
	"errors"
	"net/http"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/mails"
	"github.com/pocketbase/pocketbase/tools/routine"
	"github.com/pocketbase/pocketbase/tools/security"
	"github.com/spf13/cast"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/dberror"
	"carebase/internal/django"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
	"carebase/internal/throttle"
)

// requestPasswordReset returns the view that mails a link to set a new password. It
// answers alike, and as late (see internal/server), whether there is such an account
// or not.
func requestPasswordReset() *rest.View {
	return &rest.View{
		Name:        "Password Reset",
		Description: "Mails a link to set a new password.",
		AllowAny:    true,
		Schema:      "PasswordReset",
		Fields: []rest.Field{
			{Name: "email", Label: "Email", Type: rest.Email, Required: true, WriteOnly: true, MaxLength: 254, Description: "The user's e-mail address.", Example: exampleEmail},
		},
		Methods: map[string]rest.Method{http.MethodPost: {
			Handle:      mailPasswordReset,
			Summary:     "Ask for a link to set a new password",
			Description: "The link is valid for half an hour, unless an operator has set another time, and for one new password. The answer does not say whether there is an account.",
			Answer: rest.Answer{Status: http.StatusOK, Fields: []rest.Field{
				{Name: "detail", Label: "Detail", Type: rest.String, ReadOnly: true, Description: "A message for the user.", Example: resetRequested},
			}},
			Errors: []*rest.Error{rest.PermissionDenied()},
		}},
	}
}

const resetRequested = "If there is an account with this address, a link to set a new password is on its way."

func mailPasswordReset(r *rest.Request) error {
	values, err := r.Validated(false)
	if err != nil {
		return err
	}
	email := values.String("email")
	if err := throttle.Of(r.App).Mail(r.RequestEvent, throttle.Account{Collection: collections.Users, Identity: email}); err != nil {
		return err
	}
	users, err := r.App.FindCachedCollectionByNameOrId(collections.Users)
	if err != nil {
		return err
	}
	if !users.PasswordAuth.Enabled {
		return rest.PermissionDenied()
	}
	user, err := collections.FindByEmail(r.App, collections.Users, email)
	if err != nil {
		return err
	}
	event := ofAccount(nil, "", "password reset requested")
	if user != nil {
		event.Records = []string{user.Id}
	}
	if err := audit.Record(r.RequestEvent, event); err != nil {
		return err
	}
	if user != nil && !django.IsInactive(user) {
		if err := sendPasswordReset(r, user); err != nil || r.Written() {
			return err
		}
	}
	return r.Respond(http.StatusOK, rest.Detail{Detail: resetRequested})
}

// sendPasswordReset sends the mail in the background: how long that takes would tell
// that there is an account. Operators' hooks may prevent it.
func sendPasswordReset(r *rest.Request, user *core.Record) error {
	event := new(core.RecordRequestPasswordResetRequestEvent)
	event.RequestEvent, event.Collection, event.Record = r.RequestEvent, user.Collection(), user
	return r.App.OnRecordRequestPasswordResetRequest().Trigger(event, func(e *core.RecordRequestPasswordResetRequestEvent) error {
		app := e.App
		routine.FireAndForget(func() {
			if err := mails.SendRecordPasswordReset(app, e.Record); err != nil {
				app.Logger().Error("failed to send a mail to reset a password", "user", e.Record.Id, "error", err)
			}
		})
		return nil
	})
}

// confirmPasswordReset returns the view that sets a new password with the token of
// such a mail.
func confirmPasswordReset() *rest.View {
	token := input("token", "Token", "The token in the link.", exampleRefresh)
	token.Validate = func(r *rest.Request, token string, _ rest.Data) ([]string, error) {
		if user, err := userOfReset(r, token); err != nil || user != nil {
			return nil, err
		}
		return []string{invalidResetToken}, nil
	}
	return &rest.View{
		Name:        "Password Reset Confirm",
		Description: "Sets a new password with the token that was mailed.",
		AllowAny:    true,
		Schema:      "PasswordResetConfirm",
		Fields: []rest.Field{token, newPassword(func(r *rest.Request, data rest.Data) *core.Record {
			user, err := userOfReset(r, text(data, "token"))
			if err != nil {
				return nil // the token's own validation returns it
			}
			return user
		})},
		Methods: map[string]rest.Method{http.MethodPost: {
			Handle:      resetPassword,
			Summary:     "Set a new password by the mailed link",
			Description: "Every session of the user's ends, and all of their tokens. The token is then no longer valid.",
			Answer:      rest.Answer{Status: http.StatusOK, Fields: []rest.Field{}},
		}},
	}
}

const invalidResetToken = "Invalid or expired token."

// userOfReset returns the active user whom a token was mailed to; nil if it does not
// hold.
func userOfReset(r *rest.Request, token string) (*core.Record, error) {
	user, err := r.App.FindAuthRecordByToken(token, core.TokenTypePasswordReset)
	if err != nil {
		if dberror.Refusal(err) != nil || r.Request.Context().Err() != nil {
			return nil, err
		}
		return nil, nil // it is malformed, expired, of another kind or nobody's
	}
	if user.Collection().Name != collections.Users || django.IsInactive(user) {
		return nil, nil
	}
	return user, nil
}

func resetPassword(r *rest.Request) error {
	values, err := r.Validated(false)
	if err != nil {
		return err
	}
	token := values.String("token")
	user, err := userOfReset(r, token)
	if err != nil {
		return err
	}
	if user == nil { // since it was validated
		return rest.FieldInvalid("token", invalidResetToken)
	}
	err = simplejwt.WithPasswordWork(r.Request.Context(), func() error {
		user.SetPassword(values.String("new_password"))
		return nil
	})
	if err != nil {
		return err
	}
	if !user.Verified() {
		// Who has the mail has the address, unless it has changed since.
		claims, err := security.ParseUnverifiedJWT(token)
		user.SetVerified(err == nil && cast.ToString(claims[core.TokenClaimEmail]) == user.Email())
	}
	event := new(core.RecordConfirmPasswordResetRequestEvent)
	event.RequestEvent, event.Collection, event.Record = r.RequestEvent, user.Collection(), user
	err = r.App.OnRecordConfirmPasswordResetRequest().Trigger(event, func(e *core.RecordConfirmPasswordResetRequestEvent) error {
		return e.App.RunInTransaction(func(tx core.App) error {
			user.IgnoreUnchangedFields(true)
			if err := tx.SaveWithContext(r.Request.Context(), user); errors.Is(err, dberror.ErrConflict) {
				return rest.FieldInvalid("token", invalidResetToken) // used a moment ago
			} else if err != nil {
				return saveError(err, []rest.Field{{Name: core.FieldNamePassword}}, nil, nil)
			}
			return audit.RecordIn(tx, ofAccount(user, "", "password reset"))
		})
	})
	if err != nil || r.Written() {
		return err
	}
	return r.Respond(http.StatusOK, struct{}{})
}
