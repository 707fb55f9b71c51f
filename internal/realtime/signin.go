package realtime

import (
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"
)

// SignIn describes how a client has signed in.
type SignIn struct {
	// Session is the session's id; empty for a token without one.
	Session string
	// Expires is when the token expires.
	Expires time.Time
	// Impersonation is zero for the account's own token.
	Impersonation Impersonation
}

// Impersonation says to whom a token of another account was issued.
type Impersonation struct {
	// Superuser is the id of the superuser who acts as the account, and Key a digest of
	// what the superuser's tokens were signed with then.
	Superuser, Key string
}

// String returns the sign-in as text for ParseSignIn.
func (s SignIn) String() string {
	text := s.Session + "|" + strconv.FormatInt(s.Expires.Unix(), 10)
	if s.Impersonation != (Impersonation{}) {
		text += "|" + s.Impersonation.Superuser + "|" + s.Impersonation.Key
	}
	return text
}

// ParseSignIn returns the sign-in of a text, or nil if there is none.
func ParseSignIn(text string) *SignIn {
	if text == "" {
		return nil
	}
	session, rest, _ := strings.Cut(text, "|")
	expires, by, _ := strings.Cut(rest, "|")
	superuser, key, _ := strings.Cut(by, "|")
	seconds, err := strconv.ParseInt(expires, 10, 64)
	if err != nil {
		seconds = 0 // has expired
	}
	return &SignIn{Session: session, Expires: time.Unix(seconds, 0), Impersonation: Impersonation{superuser, key}}
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

// ImpersonatorKey is the key of the impersonator in the account of the request info with
// which a message for one client is made.
const ImpersonatorKey = "carebase.impersonator"

// withImpersonator returns the account that a client is signed in as, with the impersonator
// if there is one: the client has the account as it is now, and from other processes.
func withImpersonator(account *core.Record, client *Client) *core.Record {
	signIn, _ := client.SignIn()
	if account == nil || signIn.Impersonation == (Impersonation{}) {
		return account
	}
	account = account.Clone()
	account.SetRaw(ImpersonatorKey, signIn.Impersonation.Superuser)
	return account
}
