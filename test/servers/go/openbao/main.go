// An OpenBao server for tests: the real core in memory, initialised and unsealed with one key, nothing
// mounted. Its storage ends with it.
package main

import (
	"context"
	"encoding/hex"
	"log"
	"slices"

	"github.com/hashicorp/go-hclog"
	baohttp "github.com/openbao/openbao/http"
	"github.com/openbao/openbao/internalshared/configutil"
	"github.com/openbao/openbao/sdk/v2/physical/inmem"
	"github.com/openbao/openbao/vault"
	"github.com/openbao/openbao/version"
	"latchkey.test/serve"
)

func main() {
	options := serve.Arguments()
	listener, err := options.Listener()
	check(err)
	logger := hclog.New(&hclog.LoggerOptions{Name: "openbao", Level: hclog.Info})
	storage, err := inmem.NewInmem(nil, logger)
	check(err)
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:           storage,
		StorageType:        "inmem",
		LogicalBackends:    secrets,
		CredentialBackends: logins,
		BuiltinRegistry:    registry{},
		RedirectAddr:       options.URL(listener),
		Logger:             logger,
		LogLevel:           "info",
	})
	check(err)

	one := &vault.SealConfig{SecretShares: 1, SecretThreshold: 1}
	keys, err := core.Initialize(context.Background(), &vault.InitParams{BarrierConfig: one, RecoveryConfig: one})
	check(err)
	_, err = core.Unseal(slices.Clone(keys.SecretShares[0]))
	check(err)

	options.Run(listener, baohttp.Handler.Handler(&vault.HandlerProperties{
		Core:           core,
		ListenerConfig: &configutil.Listener{Address: listener.Addr().String()},
	}), serve.Ready{
		Version:   version.GetVersion().Version,
		URL:       options.URL(listener),
		RootToken: keys.RootToken,
		UnsealKey: hex.EncodeToString(keys.SecretShares[0]),
	})
	check(core.Shutdown())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
