package hooks

import (
	"fmt"
	"net/netip"
	"os"
	"slices"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/forwarded"
)

// bindSuperuserNetworks confines superusers to networks, if there are any: where
// they sign in, and wherever their tokens are used.
func bindSuperuserNetworks(app core.App, networks []netip.Prefix) {
	if len(networks) == 0 {
		return
	}
	var allowed []string
	for _, network := range networks {
		allowed = append(allowed, network.String())
	}
	// PocketBase looks at its setting wherever it accepts a superuser's token.
	// What the dashboard stores there does not count.
	app.OnSettingsReload().BindFunc(func(e *core.SettingsReloadEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		// A copy, because reading settings writes into what was there.
		e.App.Settings().SuperuserIPs = slices.Clone(allowed)
		return nil
	})
	// The doors are closed before a password is looked at, so that nobody outside
	// learns whether it is right.
	bindMiddleware(app, &hook.Handler[*core.RequestEvent]{
		Id:       "superuserNetworks",
		Priority: apis.DefaultRateLimitMiddlewarePriority,
		Func: func(e *core.RequestEvent) error {
			collection, _, isDoor := nativeDoor(e.Request.URL.Path)
			if isDoor && collectionName(e.App, collection) == core.CollectionNameSuperusers && !isWithin(networks, forwarded.Client(e.Request)) {
				return e.ForbiddenError("Superusers cannot sign in from here.", nil)
			}
			return e.Next()
		},
	})
}

func isWithin(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Contains(address) })
}

// applySuperuserMFA makes superusers show a one-time password besides the other.
// Without being asked to, it leaves alone what operators have set.
func applySuperuserMFA(app core.App, required bool) error {
	if !required {
		return nil
	}
	if !app.Settings().SMTP.Enabled {
		fmt.Fprintln(os.Stderr, "SUPERUSER_MFA is on, but no mail server is (Settings → Mail settings): superusers may not receive their one-time passwords. `carebase superuser otp EMAIL` prints one.")
	}
	superusers, err := app.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil || superusers.MFA.Enabled && superusers.OTP.Enabled && superusers.MFA.Rule == "" {
		return err
	}
	superusers.MFA.Enabled, superusers.MFA.Rule, superusers.OTP.Enabled = true, "", true
	return app.Save(superusers)
}
