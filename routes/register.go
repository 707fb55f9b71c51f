package routes

import (
	"net/http"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// register returns the view that creates user accounts.
func register() *rest.View {
	return &rest.View{
		Name:         "Register",
		Description:  "Creates a user account.",
		Authenticate: simplejwt.Authenticate,
		AllowAny:     true,
		Schema:       "User",
		Fields: []rest.Field{
			userFields[0], userFields[1], userFields[2],
			{Name: "password", Label: "Password", Type: rest.String, Required: true, WriteOnly: true, Secret: true, Validate: strongPassword, Description: passwordPolicy, Example: examplePassword},
		},
		Methods: map[string]rest.Method{http.MethodPost: {
			Handle:      createUser,
			Summary:     "Register",
			Description: "Creates a user, who can then log in.",
			Answer:      rest.Answer{Status: http.StatusCreated},
		}},
	}
}

// userFields declares the representation of a user.
var userFields = []rest.Field{
	{Name: "id", Label: "ID", Type: rest.AutoField, ReadOnly: true, Description: "The number of the user.", Example: 3},
	{Name: "name", Label: "Name", Type: rest.String, Required: true, MaxLength: 150, Description: "The user's name.", Example: "Ann Example"},
	{Name: "email", Label: "Email", Type: rest.Email, Required: true, MaxLength: 254, Validate: unusedEmail, Description: "What the user signs in with. No two users have the same.", Example: exampleEmail},
}

// userObject is the representation of a user.
func userObject(user *core.Record) rest.Object[any] {
	return rest.Object[any]{
		{Key: "id", Value: rest.ID(user.Id)},
		{Key: "name", Value: user.GetString("name")},
		{Key: "email", Value: user.Email()},
	}
}

const passwordPolicy = "At least 8 characters, at most 71 bytes; not entirely numeric, not a common one, not like the name or the address."

// Credentials in the examples of the reference.
const (
	exampleEmail    = "me@example.com"
	examplePassword = "choose-a-good-one"
)

func createUser(r *rest.Request) error {
	values, err := r.Validated(false)
	if err != nil {
		return err
	}
	users, err := r.App.FindCachedCollectionByNameOrId(collections.Users)
	if err != nil {
		return err
	}
	user := core.NewRecord(users)
	user.Set("name", values.String("name"))
	user.SetEmail(values.String("email"))
	err = simplejwt.WithPasswordWork(r.Request.Context(), func() error {
		user.SetPassword(values.String("password"))
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.App.SaveWithContext(r.Request.Context(), user); err != nil {
		return saveError(err, r.View.Fields, values, func([]string) error { return rest.FieldInvalid("email", emailInUse) })
	}
	return r.Respond(http.StatusCreated, userObject(user))
}

const emailInUse = "user with this email already exists."

func unusedEmail(r *rest.Request, email string, _ rest.Data) ([]string, error) {
	var count int64
	err := r.App.ConcurrentDB().Select("count(*)").From(collections.Users).
		Where(dbx.NewExp("[[email]] = {:email} COLLATE NOCASE", dbx.Params{"email": rest.NormalizeEmail(email)})).
		WithContext(r.Request.Context()).Row(&count)
	if err != nil || count == 0 {
		return nil, err
	}
	return []string{emailInUse}, nil
}

// strongPassword compares the password with the other fields as they were sent,
// valid or not, so that all errors are reported at once.
func strongPassword(_ *rest.Request, password string, data rest.Data) ([]string, error) {
	return rest.ValidatePassword(password,
		rest.UserAttribute{Name: "name", Value: text(data, "name")},
		rest.UserAttribute{Name: "email", Value: text(data, "email")},
	), nil
}

func text(data rest.Data, name string) string {
	value, _ := data.Get(name)
	text, _ := value.(string)
	return text
}
