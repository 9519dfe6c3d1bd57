// Package config holds the settings of a project: one [Config] made from
// defaults, then the file ledgermill.json, then environment variables, then
// flags, each layer above the one before.
//
// All four speak of the same table of settings, so a setting has one name
// everywhere: "lake.root" is {"lake": {"root": ...}} in the file,
// LEDGERMILL_LAKE_ROOT in the environment and the key "lake.root" among the
// flags. Each setting knows where its value came from ([Config.Settings]).
//
// Loading only reads: it creates no directory, opens no connection and installs
// no logger. What a setting leads to is the business of the package it is for.
package config
