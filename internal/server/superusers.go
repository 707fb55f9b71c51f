package server

import (
	"net/netip"
	"slices"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
	"carebase/internal/forwarded"
)

// bindSuperuserNetworks confines the use of superusers' tokens to networks, if
// there are any.
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
}

// confineSuperusers closes superusers' sign-in to other networks before a password
// is looked at, so that nobody outside learns whether it is right. It asks for the
// network of tokens once more: while PocketBase reads its settings, they have none.
func (s *server) confineSuperusers(e *core.RequestEvent) error {
	isSuperusers := e.HasSuperuserAuth() || endpoint.IsAccountDoor(e.Request) && accounts(e) == core.CollectionNameSuperusers
	if isSuperusers && !isWithin(s.config.SuperuserNetworks, forwarded.Client(e.Request)) {
		return e.ForbiddenError("Superusers cannot sign in from here.", nil)
	}
	return e.Next()
}

func isWithin(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Contains(address) })
}
