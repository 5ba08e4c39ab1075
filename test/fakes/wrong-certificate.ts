/** A certificate that nobody trusts and that names another host, with its key: for servers of tests that must not be believed. */

export const wrongCertificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBljCCAT2gAwIBAgIUGAlBolXfD0HXCGBDr0RHJ8w9wYAwCgYIKoZIzj0EAwIw
IDEeMBwGA1UEAwwVc29tZWJvZHktZWxzZS5leGFtcGxlMCAXDTI2MTEyNzE3MDIx
NFoYDzIxMjYxMTAzMTcwMjE0WjAgMR4wHAYDVQQDDBVzb21lYm9keS1lbHNlLmV4
YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQGDc7qWIQC+6N+Jc+F3NGc
vJfQGuJUTsX/EMsPXpd2X7fnA6J0bjLnx3ErkfzAR45XerTQh//XSacE0jwJlWnq
o1MwUTAdBgNVHQ4EFgQUdpVxe9jbV9aQgI9dPN6uei0e7tkwHwYDVR0jBBgwFoAU
dpVxe9jbV9aQgI9dPN6uei0e7tkwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQD
AgNHADBEAiBaRDRCLrM+HqSKL3Fp7k+1AkaEp2GEUgBwzbNhGRBdwgIgHVvSKQPl
N0u/fCkCLzAxDfnV0Kh5jV4MDautY3xfXIw=
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgMPG5vzpVDcep8CVz
RfXEXKXporAbAmtWoKRYO7SPlb+hRANCAAQGDc7qWIQC+6N+Jc+F3NGcvJfQGuJU
TsX/EMsPXpd2X7fnA6J0bjLnx3ErkfzAR45XerTQh//XSacE0jwJlWnq
-----END PRIVATE KEY-----`,
};
