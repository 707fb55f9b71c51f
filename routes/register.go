package routes

import (
	"net/http"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/migrations"
	"carebase/rest"
	"carebase/simplejwt"
)

// register creates a user.
func register() *rest.View {
	return &rest.View{
		Name:         "Register",
		Description:  "Creates a user account.",
		Authenticate: simplejwt.Authenticate,
		AllowAny:     true,
		Methods:      map[string]rest.Handler{http.MethodPost: createUser},
		Fields: []rest.Field{
			{Name: "id", Label: "ID", Type: rest.String, ReadOnly: true},
			{Name: "name", Label: "Name", Type: rest.String, Required: true, MaxLength: 150},
			{Name: "email", Label: "Email", Type: rest.Email, Required: true, MaxLength: 254, Validate: unusedEmail},
			{Name: "password", Label: "Password", Type: rest.String, Required: true, WriteOnly: true, Validate: strongPassword},
		},
	}
}

func createUser(r *rest.Request) error {
	values, err := r.Validated(false)
	if err != nil {
		return err
	}
	users, err := r.App.FindCachedCollectionByNameOrId(migrations.Users)
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
		return saveError(err, r.View.Fields, rest.FieldInvalid("email", emailInUse))
	}
	return r.Respond(http.StatusCreated, rest.Object[any]{
		{Key: "id", Value: user.Id},
		{Key: "name", Value: user.GetString("name")},
		{Key: "email", Value: user.Email()},
	})
}

const emailInUse = "user with this email already exists."

func unusedEmail(r *rest.Request, email string, _ rest.Data) ([]string, error) {
	var count int64
	err := r.App.ConcurrentDB().Select("count(*)").From(migrations.Users).
		Where(dbx.NewExp("[[email]] = {:email} COLLATE NOCASE", dbx.Params{"email": email})).
		WithContext(r.Request.Context()).Row(&count)
	if err != nil || count == 0 {
		return nil, err
	}
	return []string{emailInUse}, nil
}

// strongPassword compares with the other fields as they were sent, right or
// wrong, so that everything that is wrong shows at once.
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
