package routes

import (
	"net/http"

	"carebase/rest"
	"carebase/simplejwt"
)

// tokens are SimpleJWT's views.
type tokens struct {
	lifetimes simplejwt.Lifetimes
	rotation  simplejwt.Rotation
}

// view declares a view that takes texts from anybody and looks at no
// credentials, as SimpleJWT's TokenViewBase.
func (tokens) view(name, description string, handler func(*rest.Request, rest.Values) (any, error), fields ...rest.Field) *rest.View {
	for i := range fields {
		input := !fields[i].ReadOnly
		fields[i].Required, fields[i].WriteOnly, fields[i].Type = input, input, rest.String
	}
	return &rest.View{
		Name:        name,
		Description: description,
		AllowAny:    true,
		Fields:      fields,
		Methods: map[string]rest.Handler{http.MethodPost: func(r *rest.Request) error {
			values, err := r.Validated(false)
			if err != nil {
				return err
			}
			answer, err := handler(r, values)
			if err != nil {
				return err
			}
			return r.Respond(http.StatusOK, answer)
		}},
	}
}

func (t tokens) obtain() *rest.View {
	return t.view("Token Obtain Pair", "Exchanges e-mail and password for an access and a refresh token.",
		func(r *rest.Request, values rest.Values) (any, error) {
			return simplejwt.Login(r.Request.Context(), r.App, values.String("email"), values.String("password"), t.lifetimes)
		},
		rest.Field{Name: "email", Label: "Email"}, rest.Field{Name: "password", Label: "Password"})
}

func (t tokens) refresh() *rest.View {
	return t.view("Token Refresh", "Exchanges a refresh token for a new access token.",
		func(r *rest.Request, values rest.Values) (any, error) {
			return simplejwt.Refresh(r.Request.Context(), r.App, values.String("refresh"), t.lifetimes, t.rotation)
		},
		rest.Field{Name: "refresh", Label: "Refresh"}, rest.Field{Name: "access", Label: "Access", ReadOnly: true})
}

func (t tokens) verify() *rest.View {
	return t.view("Token Verify", "Tells whether a token holds.",
		func(r *rest.Request, values rest.Values) (any, error) {
			return struct{}{}, simplejwt.Verify(r.Request.Context(), r.App, values.String("token"), t.rotation)
		},
		rest.Field{Name: "token", Label: "Token"})
}

func (t tokens) blacklist() *rest.View {
	return t.view("Token Blacklist", "Ends a refresh token before it expires.",
		func(r *rest.Request, values rest.Values) (any, error) {
			return struct{}{}, simplejwt.Blacklist(r.Request.Context(), r.App, values.String("refresh"))
		},
		rest.Field{Name: "refresh", Label: "Refresh"})
}
