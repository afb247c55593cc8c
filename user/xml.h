/* SPDX-License-Identifier: BSD-2-Clause */
/* Text for XML 1.0: the content of an element or the value of an attribute. */
#ifndef GILPROF_XML_H
#define GILPROF_XML_H

#include <stdio.h>

/*
 * Writes any bytes so that they are well-formed: <, >, & and quotes as entities, bytes that are not
 * UTF-8 as the text \xNN, and what XML has no way to say (controls, U+FFFE) as U+FFFD. 0 or -ENOMEM.
 */
int xml__text(const char *s, FILE *f);

#endif
