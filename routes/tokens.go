package routes

import (
	"errors"
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
	"carebase/internal/throttle"
)

// tokens implements SimpleJWT's views.
type tokens struct {
	lifetimes simplejwt.Lifetimes
	rotation  simplejwt.Rotation
}

// view declares a view that is open to everybody and ignores credentials, like
// SimpleJWT's TokenViewBase.
func (tokens) view(name string, fields []rest.Field, method rest.Method, answer func(*rest.Request, rest.Values) (any, error)) *rest.View {
	method.Answer.Status = http.StatusOK
	method.Handle = func(r *rest.Request) error {
		values, err := r.Validated(false)
		if err != nil {
			return err
		}
		body, err := answer(r, values)
		if err != nil {
			return err
		}
		return r.Respond(http.StatusOK, body)
	}
	return &rest.View{
		Name:        name,
		Description: method.Description,
		AllowAny:    true,
		Schema:      strings.ReplaceAll(name, " ", ""),
		Fields:      fields,
		Methods:     map[string]rest.Method{http.MethodPost: method},
	}
}

// Token fields of responses. The examples are placeholders, not real tokens.
var (
	accessToken = rest.Field{
		Name: "access", Label: "Access", Type: rest.String, ReadOnly: true,
		Description: "What requests carry in their Authorization header.", Example: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.access",
	}
	refreshToken = rest.Field{
		Name: "refresh", Label: "Refresh", Type: rest.String, ReadOnly: true,
		Description: "What buys new access tokens.", Example: exampleRefresh,
	}
)

const exampleRefresh = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.refresh"

// input declares a required text field of a token view.
func input(name, label, description, example string) rest.Field {
	return rest.Field{Name: name, Label: label, Type: rest.String, Required: true, WriteOnly: true, Description: description, Example: example}
}

// secret marks a field whose input is hidden while it is typed.
func secret(field rest.Field) rest.Field {
	field.Secret = true
	return field
}

func (t tokens) obtain() *rest.View {
	return t.view("Token Obtain Pair",
		[]rest.Field{
			input("email", "Email", "The user's e-mail address.", exampleEmail),
			secret(input("password", "Password", "The user's password.", examplePassword)),
		},
		rest.Method{
			Summary:     "Log in",
			Description: "Exchanges e-mail and password for an access and a refresh token.",
			Answer:      rest.Answer{Fields: []rest.Field{refreshToken, accessToken}},
			Errors:      []*rest.Error{simplejwt.NoActiveAccount()},
		},
		func(r *rest.Request, values rest.Values) (any, error) {
			pair, failure := t.login(r, values.String("email"), values.String("password"))
			if err := recordLogin(r, values.String("email"), pair, failure); err != nil {
				return nil, err
			}
			return pair, failure
		})
}

// login checks the credentials, unless too many failed attempts came before.
func (t tokens) login(r *rest.Request, email, password string) (pair simplejwt.Pair, err error) {
	account := throttle.Account{Collection: collections.Users, Identity: email}
	err = throttle.Of(r.App).Login(r.RequestEvent, account, func() (err error) {
		pair, err = simplejwt.Login(r.Request.Context(), r.App, email, password, simplejwt.AgentOf(r.Request), t.lifetimes)
		var refused *rest.Error
		if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
			return throttle.Wrong(err)
		}
		return err
	})
	return pair, err
}

func (t tokens) refresh() *rest.View {
	answer := []rest.Field{accessToken}
	if t.rotation.Rotate {
		answer = append(answer, refreshToken)
	}
	return t.view("Token Refresh",
		[]rest.Field{input("refresh", "Refresh", "A refresh token that holds.", exampleRefresh), accessToken},
		rest.Method{
			Summary:     "Refresh the access token",
			Description: "Exchanges a refresh token for a new access token.",
			Answer:      rest.Answer{Fields: answer},
			Errors:      []*rest.Error{simplejwt.TokenNotValid(), simplejwt.NoActiveAccountForToken()},
		},
		func(r *rest.Request, values rest.Values) (any, error) {
			if err := throttle.Of(r.App).Session(r.RequestEvent, values.String("refresh")); err != nil {
				return nil, err
			}
			answer, failure := simplejwt.Refresh(r.Request.Context(), r.App, values.String("refresh"), simplejwt.AgentOf(r.Request), t.lifetimes, t.rotation)
			if err := recordRefresh(r, values.String("refresh"), answer, failure); err != nil {
				return nil, err
			}
			return answer, failure
		})
}

func (t tokens) verify() *rest.View {
	return t.view("Token Verify",
		[]rest.Field{input("token", "Token", "A token of either kind.", exampleRefresh)},
		rest.Method{
			Summary:     "Verify a token",
			Description: "Tells whether a token holds.",
			Answer:      rest.Answer{Fields: []rest.Field{}},
			Errors:      []*rest.Error{simplejwt.TokenNotValid(), simplejwt.TokenBlacklisted()},
		},
		func(r *rest.Request, values rest.Values) (any, error) {
			return struct{}{}, simplejwt.Verify(r.Request.Context(), r.App, values.String("token"), t.rotation)
		})
}

func (t tokens) blacklist() *rest.View {
	return t.view("Token Blacklist",
		[]rest.Field{input("refresh", "Refresh", "The refresh token to end.", exampleRefresh)},
		rest.Method{
			Summary:     "Log out",
			Description: "Ends a refresh token before it expires.",
			Answer:      rest.Answer{Fields: []rest.Field{}},
			Errors:      []*rest.Error{simplejwt.TokenNotValid()},
		},
		func(r *rest.Request, values rest.Values) (any, error) {
			return struct{}{}, logOut(r, values.String("refresh"))
		})
}

// logOut blacklists a refresh token and records the logout, in one transaction.
func logOut(r *rest.Request, refresh string) error {
	return r.App.RunInTransaction(func(tx core.App) error {
		user, err := simplejwt.Blacklist(r.Request.Context(), tx, refresh)
		if err != nil {
			return err
		}
		return audit.RecordIn(tx, ofAccount(user, refresh, "logout"))
	})
}
