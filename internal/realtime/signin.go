package realtime

import (
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/tools/subscriptions"
)

// SignIn describes how a client has signed in.
type SignIn struct {
	// Session is the session's id; empty for a token without one.
	Session string
	// Expires is when the token expires.
	Expires time.Time
}

// String returns the sign-in as text for ParseSignIn.
func (s SignIn) String() string { return s.Session + "|" + strconv.FormatInt(s.Expires.Unix(), 10) }

// ParseSignIn returns the sign-in of a text, or nil if there is none.
func ParseSignIn(text string) *SignIn {
	if text == "" {
		return nil
	}
	session, expires, _ := strings.Cut(text, "|")
	seconds, err := strconv.ParseInt(expires, 10, 64)
	if err != nil {
		seconds = 0 // has expired
	}
	return &SignIn{Session: session, Expires: time.Unix(seconds, 0)}
}

// HasExpired reports whether the token has expired.
func (s SignIn) HasExpired() bool { return !time.Now().Before(s.Expires) }

// SetSignIn stores how the client has signed in; nil for a guest. After the token
// has expired, the client is sent no record.
func (c *Client) SetSignIn(signIn *SignIn) { c.signedIn.Store(signIn) }

// SignIn returns the last sign-in of a client, and false if it has none.
func (c *Client) SignIn() (SignIn, bool) {
	signIn := c.signedIn.Load()
	if signIn == nil {
		return SignIn{}, false
	}
	return *signIn, true
}

// SignInOf returns the last sign-in of a client in a broker, and false if it has none.
func SignInOf(client subscriptions.Client) (SignIn, bool) {
	own := ClientOf(client)
	if own == nil {
		return SignIn{}, false
	}
	return own.SignIn()
}

// withholds reports whether a message is a record that the client may no longer be
// sent, because its token has expired.
func (c *Client) withholds(message *subscriptions.Message) bool {
	signIn := c.signedIn.Load()
	isRecord := !strings.HasPrefix(message.Name, "@") && message.Name != helloTopic
	return isRecord && signIn != nil && signIn.HasExpired()
}
