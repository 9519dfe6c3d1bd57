package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"ledgermill/warehouse"
)

func (a *app) warehouseDoctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "compare the server's settings with what loads and queries want; it changes nothing",
		Description: `Each setting with its value, what is wanted and why. "advice" is about speed,
"danger" about data. With warehouse.replica_url the replica is looked at too.`,
		Flags:  []cli.Flag{formatFlag("text or json")},
		Action: a.warehouseDoctor,
	}
}

func (a *app) warehouseDoctor(c *cli.Context) (err error) {
	f, err := format(c, "text", "json")
	if err != nil {
		return err
	}
	config, err := a.settings(c, nil)
	if err != nil {
		return err
	}
	w := &workspace{config: config, log: a.logger(config)}
	h, err := w.connectWarehouse(c.Context, func(line string) { fmt.Fprintln(a.stderr, line) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(c.Context)) }()
	servers := []*warehouse.Warehouse{h.Warehouse}
	if url := config.Warehouse.ReplicaURL; url != "" {
		replica, err := warehouse.Open(c.Context, warehouse.Options{URL: url, Log: w.log})
		if err != nil {
			return err
		}
		servers = append(servers, replica)
	}
	found := []warehouse.Diagnosis{}
	for _, server := range servers {
		one, err := server.Doctor(c.Context)
		if err != nil {
			return err
		}
		found = append(found, one)
	}
	if f == "json" {
		return printJSON(a.stdout, found)
	}
	for _, one := range found {
		err = errors.Join(err, one.Text(a.stdout))
	}
	return err
}
