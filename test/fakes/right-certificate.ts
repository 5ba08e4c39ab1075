/** A certificate of `mail.test`, signed by itself, with its key: for servers of tests that are to be believed where it is given as `ca`. */

export const rightCertificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUNhjCbIf8qjM5NVYzzeonWX8l9lIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbWFpbC50ZXN0MCAXDTI2MTEyNzE4MzgzOFoYDzIxMjYxMTAz
MTgzODM4WjAUMRIwEAYDVQQDDAltYWlsLnRlc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASoD1JR85U+2+a3j/qjGq1fimKHDJn8T8HABnkisXH+bELEV+/5xgSj
Qb+TfoSXy8Pq7vG5u6ziOhZ3g41IgfeTo2kwZzAdBgNVHQ4EFgQUiS6xmyCMIYaI
xITNLwkxrKweuUgwHwYDVR0jBBgwFoAUiS6xmyCMIYaIxITNLwkxrKweuUgwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALggltYWlsLnRlc3QwCgYIKoZIzj0EAwID
SAAwRQIhAInb0iKJrsWrm51+7lmH5qXy1Cp05KGv5uqaVGV9VjWgAiATBEunzoU7
cYzvFoRcEE1NQh5p9flcnkD97aWkQhYMfg==
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg27WcybDPorm/+q6W
KHi1tHqRNY+r1/G6Clv4y+Xbzd6hRANCAASoD1JR85U+2+a3j/qjGq1fimKHDJn8
T8HABnkisXH+bELEV+/5xgSjQb+TfoSXy8Pq7vG5u6ziOhZ3g41IgfeT
-----END PRIVATE KEY-----`,
};
