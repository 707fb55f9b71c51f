package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"

	"carebase/internal/config"
	"carebase/internal/datadir"
	"carebase/internal/version"
)

func checkVersions(context.Context, *deployment) []Finding {
	return ok("Carebase %s (commit %s), PocketBase %s, %s", version.String(), version.Commit(), version.Dependency("github.com/pocketbase/pocketbase"), runtime.Version())
}

// checkConfiguration looks at settings with which the server does not start, and at
// those that are valid, but seldom meant.
func checkConfiguration(_ context.Context, d *deployment) []Finding {
	var found []Finding
	if err := d.checkNames(d.settings.APIResources); err != nil {
		found = wrong(err.Error(), "take that name out of API_RESOURCES, which names collections that you have made: the server does not start with it")
	}
	misspelt, err := config.Misspelt()
	if err != nil {
		return wrong(err.Error(), "correct it")
	}
	for _, each := range []struct {
		applies        bool
		level          Level
		detail, advice string
	}{
		{d.settings.Debug, Wrong, "DEBUG prints health data", "unset it"},
		{d.settings.Throttle == nil, Wrong, "THROTTLE=False lets anybody guess passwords", "unset it"},
		{d.settings.SecretKey == "", Note, "SECRET_KEY is unset, and tokens are signed with keys that are in the database and its backups", "set it to a long random text, as openssl rand -base64 48 prints"},
		{len(d.settings.AllowedHosts) == 0, Note, "ALLOWED_HOSTS is unset, and any host name is answered", "list the host names of this server"},
		{len(d.settings.CORSAllowedOrigins) == 0, Note, "CORS_ALLOWED_ORIGINS is unset, and any page may call the API", "list the origins of your frontends"},
		{isPublic(d.settings.HTTPAddr) && len(d.settings.TrustedProxies) == 0, Note, "HTTP_ADDR " + d.settings.HTTPAddr + " is reachable from other machines without TLS",
			"listen on 127.0.0.1 behind a proxy and list it in TRUSTED_PROXIES, or use serve DOMAIN"},
		{len(d.settings.SuperuserNetworks) == 0 && !d.settings.SuperuserMFA, Note, "superusers may sign in from anywhere", "set SUPERUSER_NETWORKS, or SUPERUSER_MFA"},
		{len(misspelt) > 0, Note, strings.Join(misspelt, ", ") + " in .env is no setting of Carebase's", "correct the name; README.md lists them"},
		{isOpen(".env"), Wrong, ".env can be read by other users", "chmod 600 .env"},
	} {
		if each.applies {
			found = append(found, Finding{Level: each.level, Detail: each.detail, Advice: each.advice})
		}
	}
	if found == nil {
		return ok("valid")
	}
	return found
}

// isPublic reports whether other machines can reach an address.
func isPublic(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "localhost" {
		return false
	}
	ip := net.ParseIP(host)
	return ip == nil || !ip.IsLoopback()
}

// isOpen reports whether others than its owner may read a file; false if there is
// none, and on Windows, whose permissions are other ones.
func isOpen(name string) bool {
	info, err := os.Stat(name)
	return err == nil && runtime.GOOS != "windows" && info.Mode()&0o044 != 0
}

func checkDirectory(_ context.Context, d *deployment) []Finding {
	directory := d.app.DataDir()
	if _, err := os.Stat(directory); err != nil {
		return note(directory+" does not exist", "the first start creates it")
	}
	loose, err := datadir.CountOpen(directory)
	switch {
	case err != nil:
		return wrong(directory+" cannot be read: "+err.Error(), "run this as the server's user")
	case loose > 0:
		return wrong(fmt.Sprintf("other users have access to %d files and directories of %s", loose, directory), "start the server, which tightens them; what remains belongs to another user")
	}
	free, known := freeSpace(directory)
	switch {
	case !known:
		return ok("%s is closed to other users", directory)
	case free < minimumFree:
		return wrong(fmt.Sprintf("%s has %d MB free", directory, free>>20), "make room: a backup needs a copy of the database, and a full disk stops all writes")
	}
	return ok("%s is closed to other users and has %d MB free", directory, free>>20)
}

// minimumFree is how many bytes must be free in the data directory.
const minimumFree = 512 << 20

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// checkServer asks the server whether it is ready: it knows what a command cannot.
func checkServer(ctx context.Context, d *deployment) []Finding {
	address := d.settings.HTTPAddr
	status, reason, err := ready(ctx, address)
	var redirect errRedirect
	switch {
	case errors.Is(err, errNoServer):
		return note("no server answers at "+address, "start it, or run this with its environment")
	case errors.As(err, &redirect):
		return note(err.Error()+", and is not asked whether it is ready", "curl "+string(redirect))
	case err != nil:
		return wrong("something else than this server answers at "+address+" ("+err.Error()+")", "end that program, or choose another HTTP_ADDR: the server cannot listen there")
	case status != http.StatusOK:
		return wrong("the server is not ready: "+reason, "look at its log")
	case reason != "":
		return wrong("the server is ready, but "+reason, "look at its log")
	}
	return ok("it answers at %s and is ready", address)
}

// errNoServer means that nothing listens at an address.
var errNoServer = errors.New("no server answers")

// errRedirect is the target of a redirect, as a server with a domain has to HTTPS.
type errRedirect string

func (e errRedirect) Error() string { return "the server redirects to " + string(e) }

// client follows no redirects: what is meant is the server at the address.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// ready returns the status of /readyz and the reason that it gives. The error is
// errNoServer if nothing listens, an errRedirect, or says how the answer differs from one
// of Carebase.
func ready(ctx context.Context, address string) (status int, reason string, err error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0, "", errNoServer
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return 0, "", errNoServer
	}
	response, err := client.Do(request)
	var failure *net.OpError
	switch {
	case errors.As(err, &failure) && failure.Op == "dial":
		return 0, "", errNoServer
	case ctx.Err() != nil:
		return 0, "", errors.New("it takes the connection and says nothing")
	case err != nil:
		return 0, "", errors.New("it does not speak HTTP")
	}
	defer response.Body.Close()
	if target, err := response.Location(); err == nil && target.Scheme == "https" {
		return 0, "", errRedirect(target.String())
	}
	var answer struct{ Status, Reason string }
	err = json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer)
	if err != nil || answer.Status != "ok" && answer.Status != "unavailable" {
		return 0, "", fmt.Errorf("status %d, but no answer of Carebase", response.StatusCode)
	}
	return response.StatusCode, answer.Reason, nil
}
