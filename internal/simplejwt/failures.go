package simplejwt

import "carebase/internal/rest"

// failure is the body of a 401 about a token.
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

// NoActiveAccount is the 401 of a login whose credentials are wrong.
func NoActiveAccount() *rest.Error {
	return rest.AuthenticationFailed(rest.Detail{Detail: "No active account found with the given credentials"})
}

// NoActiveAccountForToken is the 401 of a refresh token whose user is gone or
// may not sign in.
func NoActiveAccountForToken() *rest.Error {
	return rest.AuthenticationFailed(rest.Detail{Detail: "No active account found for the given token."})
}

// TokenNotValid is the 401 of a token that a view was sent and that does not
// hold, as SimpleJWT's InvalidToken.
func TokenNotValid() *rest.Error { return invalidToken(errInvalid) }

func invalidToken(err tokenError) *rest.Error {
	return rest.AuthenticationFailed(failure{Detail: err.Error(), Code: codeNotValid})
}

// TokenBlacklisted is the 400 of verifying a token that was ended.
func TokenBlacklisted() *rest.Error {
	return rest.FieldInvalid(rest.NonFieldErrors, errBlacklisted.Error())
}

// refusedToken is the 401 of a request whose access token does not hold.
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

// Refusals are all that Authenticate can return but failures of the server.
func Refusals() []*rest.Error {
	return []*rest.Error{refusedToken(errExpired), userNotFound(), userInactive(), badHeader()}
}
