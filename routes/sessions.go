package routes

import (
	"net/http"

	"carebase/internal/collections"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// sessionFields declares the representation of a session.
var sessionFields = []rest.Field{
	{Name: "id", Label: "ID", Type: rest.String, ReadOnly: true, Endpoint: "/api/auth/sessions/", Description: "The server's name for the session.", Example: collections.ExampleID},
	{Name: "created_at", Label: "Created at", Type: rest.DateTime, ReadOnly: true, Description: "When the user signed in, in UTC.", Example: collections.ExampleTime},
	{Name: "last_used_at", Label: "Last used at", Type: rest.DateTime, ReadOnly: true, Description: "When it was last given a token, to the minute.", Example: collections.ExampleTime},
	{Name: "address", Label: "Address", Type: rest.String, ReadOnly: true, Description: "The client's address then.", Example: "203.0.113.7"},
	{Name: "user_agent", Label: "User agent", Type: rest.String, ReadOnly: true, Description: "What the client called itself then.", Example: "Mozilla/5.0"},
	{Name: "current", Label: "Current", Type: rest.Boolean, ReadOnly: true, Description: "Whether the request's own token belongs to it.", Example: true},
}

// listSessions returns the view that lists the caller's sessions.
func listSessions() *rest.View {
	return &rest.View{
		Name:         "Session List",
		Description:  "Where the caller is signed in.",
		Authenticate: simplejwt.Authenticate,
		Schema:       "Session",
		Fields:       sessionFields,
		Methods: map[string]rest.Method{http.MethodGet: {
			Handle:      showSessions,
			Summary:     "List one's sessions",
			Description: "Lists where the caller is signed in, newest first.",
			Answer:      rest.Answer{Status: http.StatusOK, Shape: rest.List},
		}},
	}
}

func showSessions(r *rest.Request) error {
	current := simplejwt.Session(r.RequestEvent)
	return r.RespondList(func(yield func(any, error) bool) {
		for session, err := range simplejwt.Sessions(r.Request.Context(), r.App, r.Auth.Id) {
			object := rest.Object[any]{
				{Key: "id", Value: session.ID},
				{Key: "created_at", Value: rfc3339(session.CreatedAt)},
				{Key: "last_used_at", Value: rfc3339(session.LastUsedAt)},
				{Key: "address", Value: session.Address},
				{Key: "user_agent", Value: session.UserAgent},
				{Key: "current", Value: session.ID == current},
			}
			if !yield(object, err) || err != nil {
				return
			}
		}
	})
}

// endSession returns the view that ends one of the caller's sessions.
func endSession() *rest.View {
	return &rest.View{
		Name:         "Session Instance",
		Description:  "One of the caller's sessions.",
		Authenticate: simplejwt.Authenticate,
		Path:         []rest.Field{{Name: "id", Type: rest.String, Description: "The id of a session.", Example: collections.ExampleID}},
		Methods: map[string]rest.Method{http.MethodDelete: {
			Handle: func(r *rest.Request) error {
				found, err := simplejwt.EndSession(r.Request.Context(), r.App, r.Request.PathValue("id"), r.Auth.Id)
				if err != nil {
					return err
				}
				if !found {
					return rest.NotFoundModel("Session")
				}
				return r.NoContent()
			},
			Summary:     "End a session",
			Description: "Ends one of the caller's sessions at once: its refresh token, its access tokens and its subscriptions.",
			Answer:      rest.Answer{Status: http.StatusNoContent},
			Errors:      []*rest.Error{rest.NotFoundModel("Session")},
		}},
	}
}

// endAllSessions returns the view that ends all of the caller's sessions.
func endAllSessions() *rest.View {
	return &rest.View{
		Name:         "Logout Everywhere",
		Description:  "Signs the caller out everywhere.",
		Authenticate: simplejwt.Authenticate,
		Schema:       "LogoutEverywhere",
		Methods: map[string]rest.Method{http.MethodPost: {
			Handle: func(r *rest.Request) error {
				if err := simplejwt.EndAll(r.Request.Context(), r.App, r.Auth.Id); err != nil {
					return err
				}
				return r.Respond(http.StatusOK, struct{}{})
			},
			Summary:     "Log out everywhere",
			Description: "Ends every token of the caller at once, the request's own included.",
			Answer:      rest.Answer{Status: http.StatusOK, Fields: []rest.Field{}},
		}},
	}
}
