package server

import (
	"net/netip"
	"slices"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
	"carebase/internal/forwarded"
)

// confineSuperusers closes superusers' sign-in to other networks before a password
// is looked at, so that nobody outside learns whether it is right. It asks for the
// network of tokens once more: PocketBase looks at settings that others write meanwhile.
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
