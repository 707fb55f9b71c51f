package simplejwt

import "carebase/internal/rest"

// failure is the body of a 401 response about a token.
type failure struct {
	Detail   string    `json:"detail"`
	Code     string    `json:"code"`
	Messages []message `json:"messages,omitempty"`
}

type message struct {
	TokenClass string `json:"token_class"`
	TokenType  string `json:"token_type"`
	Message    string `json:"message"`
}

const codeNotValid = "token_not_valid"

// NoActiveAccount returns the 401 of a login with wrong credentials.
func NoActiveAccount() *rest.Error {
	return rest.AuthenticationFailed(rest.Detail{Detail: "No active account found with the given credentials"})
}

// NoActiveAccountForToken returns the 401 for a refresh token whose user no longer
// exists or may not sign in.
func NoActiveAccountForToken() *rest.Error {
	return rest.AuthenticationFailed(rest.Detail{Detail: "No active account found for the given token."})
}

// TokenNotValid returns the 401 for an invalid token in a request body, like
// SimpleJWT's InvalidToken.
func TokenNotValid() *rest.Error { return invalidToken(errInvalid) }

func invalidToken(err tokenError) *rest.Error {
	return rest.AuthenticationFailed(failure{Detail: err.Error(), Code: codeNotValid})
}

// TokenBlacklisted returns the 400 for verifying a blacklisted token.
func TokenBlacklisted() *rest.Error {
	return rest.FieldInvalid(rest.NonFieldErrors, errBlacklisted.Error())
}

// refusedToken returns the 401 for a request with an invalid access token.
func refusedToken(err tokenError) *rest.Error {
	return rest.AuthenticationFailed(failure{
		Detail:   "Given token not valid for any token type",
		Code:     codeNotValid,
		Messages: []message{{TokenClass: "AccessToken", TokenType: accessType, Message: err.Error()}},
	})
}

func userNotFound() *rest.Error {
	return rest.AuthenticationFailed(failure{Detail: "User not found", Code: "user_not_found"})
}

func userInactive() *rest.Error {
	return rest.AuthenticationFailed(failure{Detail: "User is inactive", Code: "user_inactive"})
}

func badHeader() *rest.Error {
	return rest.AuthenticationFailed(failure{
		Detail: "Authorization header must contain two space-delimited values",
		Code:   "bad_authorization_header",
	})
}

// Refusals returns all errors that Authenticate can return, except server errors.
func Refusals() []*rest.Error {
	return []*rest.Error{refusedToken(errExpired), userNotFound(), userInactive(), badHeader()}
}
