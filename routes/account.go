package routes

import (
	"net/http"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/django"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
	"carebase/internal/throttle"
)

// me returns the view of the caller's own account.
func me() *rest.View {
	return &rest.View{
		Name:         "Current User",
		Description:  "Who the caller is.",
		Authenticate: simplejwt.Authenticate,
		Schema:       "User",
		Methods: map[string]rest.Method{http.MethodGet: {
			Handle:      func(r *rest.Request) error { return r.Respond(http.StatusOK, userObject(r.Auth)) },
			Summary:     "Show one's own account",
			Description: "The user whom the access token belongs to.",
			Answer:      rest.Answer{Status: http.StatusOK, Fields: userFields},
		}},
	}
}

// oldPasswordWrong is the message of Django's PasswordChangeForm.
const oldPasswordWrong = "Your old password was entered incorrectly. Please enter it again."

func (t tokens) changePassword() *rest.View {
	return &rest.View{
		Name:         "Password Change",
		Description:  "Changes the caller's password.",
		Authenticate: simplejwt.Authenticate,
		Schema:       "PasswordChange",
		Fields: []rest.Field{
			secret(input("old_password", "Old password", "The password until now.", examplePassword)),
			newPassword(func(r *rest.Request, _ rest.Data) *core.Record { return r.Auth }),
		},
		Methods: map[string]rest.Method{http.MethodPost: {
			Handle:  t.setPassword,
			Summary: "Change one's password",
			Description: "Every session of the caller's ends, and all of their tokens. The answer has the tokens of a new one, " +
				"for the client that has changed the password.",
			Answer: rest.Answer{Status: http.StatusOK, Fields: []rest.Field{refreshToken, accessToken}},
		}},
	}
}

// newPassword declares the field of a password that the policy has to accept for a
// user, who may be unknown.
func newPassword(userOf func(*rest.Request, rest.Data) *core.Record) rest.Field {
	field := secret(input("new_password", "New password", passwordPolicy, examplePassword))
	field.Validate = func(r *rest.Request, password string, data rest.Data) ([]string, error) {
		var attributes []rest.UserAttribute
		if user := userOf(r, data); user != nil {
			attributes = []rest.UserAttribute{{Name: "name", Value: user.GetString("name")}, {Name: "email", Value: user.Email()}}
		}
		return rest.ValidatePassword(password, attributes...), nil
	}
	return field
}

func (t tokens) setPassword(r *rest.Request) error {
	values, err := r.Validated(false)
	if err != nil {
		return err
	}
	ctx := r.Request.Context()
	// Others may hold the caller's record.
	user, err := r.App.FindRecordById(collections.Users, r.Auth.Id)
	if err != nil {
		return err
	}
	err = throttle.Of(r.App).Login(r.RequestEvent, throttle.AccountOf(user), func() error {
		return simplejwt.WithPasswordWork(ctx, func() error {
			valid, err := django.Verify(ctx, r.App, user, values.String("old_password"))
			switch {
			case err != nil:
				return err
			case !valid:
				return throttle.Wrong(rest.FieldInvalid("old_password", oldPasswordWrong))
			}
			user.SetPassword(values.String("new_password"))
			return nil
		})
	})
	if err != nil {
		return recordWrongPassword(r, user, err)
	}
	var pair simplejwt.Pair
	err = r.App.RunInTransaction(func(tx core.App) (err error) {
		user.IgnoreUnchangedFields(true)
		if err = tx.SaveWithContext(ctx, user); err != nil {
			return saveError(err, []rest.Field{{Name: core.FieldNamePassword}}, nil, nil)
		}
		if pair, err = simplejwt.StartSession(ctx, tx, user, simplejwt.AgentOf(r.Request), t.lifetimes); err != nil {
			return err
		}
		return audit.RecordIn(tx, ofAccount(user, pair.Access, "password change"))
	})
	if err != nil {
		return err
	}
	return r.Respond(http.StatusOK, pair)
}

// recordWrongPassword returns the refusal of a password change, after recording it if
// it was for a wrong password.
func recordWrongPassword(r *rest.Request, user *core.Record, refusal error) error {
	if restError, ok := refusal.(*rest.Error); !ok || restError.Status != http.StatusBadRequest {
		return refusal
	}
	event := ofAccount(user, "", "password change: wrong password")
	event.Outcome = audit.Failed
	if err := audit.Record(r.RequestEvent, event); err != nil {
		return err
	}
	return refusal
}
