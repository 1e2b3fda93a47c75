//! How well the word rules tell finished utterances from those cut at a pause, without any
//! punctuation: the numbers that the waits were chosen by.

use super::*;

/// Finished utterances that the rules may take for unfinished, in percent.
const MOST_HELD_BACK: usize = 5;
/// Unfinished utterances that the rules must recognise, in percent.
const LEAST_RECOGNISED: usize = 76;

fn holds_back(language: &str, text: &str) -> bool {
    match classify(text, lists(language), Expect::Open, false) {
        WaitClass::Filler | WaitClass::Incomplete | WaitClass::Number => true,
        WaitClass::Complete
        | WaitClass::Hold
        | WaitClass::Keys
        | WaitClass::Provider
        | WaitClass::ShortAnswer
        | WaitClass::Terminal
        | WaitClass::Unknown => false,
    }
}

fn check(language: &str, finished: &str, unfinished: &str) {
    let (whole, held) = count(finished, |text| holds_back(language, text));
    let (cut, missed) = count(unfinished, |text| !holds_back(language, text));
    let report = format!(
        "{language}: held back {} of {whole}: {held:#?}\nmissed {} of {cut}: {missed:#?}",
        held.len(),
        missed.len()
    );
    assert!(held.len() * 100 <= whole * MOST_HELD_BACK, "{report}");
    assert!(
        (cut - missed.len()) * 100 >= cut * LEAST_RECOGNISED,
        "{report}"
    );
}

/// How many lines there are, and those that are wrong.
fn count(lines: &str, is_wrong: impl Fn(&str) -> bool) -> (usize, Vec<&str>) {
    let lines = || lines.trim().lines().map(str::trim);
    (
        lines().count(),
        lines().filter(|text| is_wrong(text)).collect(),
    )
}

#[test]
fn english_rules_tell_finished_from_unfinished() {
    check("en", ENGLISH, ENGLISH_CUT);
}

#[test]
fn spanish_rules_tell_finished_from_unfinished() {
    check("es", SPANISH, SPANISH_CUT);
}

/// Whole turns of callers.
const ENGLISH: &str = "
    I'd like to book a table for two
    hi I'm calling about my appointment on Thursday
    can I speak to someone in billing
    yeah that works for me
    do you have anything earlier
    what time do you close today
    I need to cancel my reservation
    could you repeat that please
    my name is Sarah Connor
    I think I'll take the blue one
    how much does it cost
    no thank you
    that's all for today
    can you send me a confirmation email
    I'm not sure about that
    it's for my daughter
    where are you located
    is there parking nearby
    I was charged twice last month
    the package never arrived
    yes I have an account with you
    I forgot my password
    let's do Friday at three
    that sounds great
    do you take walk ins
    I'd prefer the morning
    what do you recommend
    can I get that delivered
    I don't have my card with me
    it's about the invoice you sent
    I want to return a pair of shoes
    how long is the wait
    the internet has been down since yesterday
    can you tell me when it will arrive
    I moved last week
    we are a party of six
    is the doctor in today
    my car won't start
    I need a refill on my prescription
    can we do that on Monday instead
    who am I speaking with
    what is it for
    I hope so
    I think so
    yes please go ahead
    sure why not
    could I have the number again
    that's not what I ordered
    it was delivered to the wrong address
    I'd like to change my flight
    does it come with a warranty
    how do I log in
    I can't log in
    I live near the station
    it's on the second floor
    do I need to bring anything
    just the two of us
    as soon as possible
    what's the earliest you have
    next Wednesday if you can
    I'll call back later
    nothing else thanks
    okay thank you very much
    can somebody call me back
    I've been waiting for an hour
    the red light keeps blinking
    I already tried that
    no it's still the same
    it says error forty two
    we talked last Tuesday
    my wife made the booking
    I'm allergic to nuts
    do you speak Spanish
    could you spell it for me
    is it too late to order
    I want the large one as well
    I didn't get a receipt
    that would be perfect
    how are you today
    I need it by tomorrow
    it doesn't matter
    yeah exactly
    can I pay in cash
    is breakfast included
    I lost my keys
    we'd like a room with a view
    where should I park
    what documents do I need to bring
    I don't think we do
    I have a question about my bill
    can I add another person
    she is seven years old
    the heating isn't working
    yes that's correct
    no I meant the other one
    could you check again
    I'm running ten minutes late
    thanks for your help
    please cancel it
    I'd like to speak to a manager
    what does that mean
    can I change it later
    it's under my husband's name
    do you deliver to Brooklyn
    I'd love to
    let me know when it's ready
    I changed my mind
    how does it work
    whatever you have
    that's everything I need
    is it open on Sundays
    I paid it last week
    there's a leak in the bathroom
    someone told me to call this number
    I'm looking for a gift
    what are my options
    I need someone to come over
    the screen is broken
    can I use it abroad
    I never signed up for this
";

/// Turns cut where people pause. The last ones end in a word that could end a sentence: no list can
/// tell.
const ENGLISH_CUT: &str = "
    I'd like to book a table for
    hi I'm calling because
    my name is
    I was wondering if you could
    yeah so I was looking at the
    can you tell me what time the
    I need to change my
    do you have anything on
    it's about the order that I
    I want to make sure that
    the problem is that
    so basically I
    I'd like to
    could you send it to my
    we were thinking of
    I have an appointment with
    my address is
    I'm trying to find
    the reason I'm calling is
    when I try to log in it
    I'd like two large pizzas and
    I'm calling to see if
    is there any way to
    I bought it from your
    it started about
    I can come in on
    we're going to be about
    he said that you could
    I don't know if
    I think it was
    my daughter has a
    I would prefer something in the
    because last time I
    can I get the one with
    well um
    I need a plumber for
    and then when I
    the thing is
    it's supposed to be
    I was told that I
    my phone number is four one five
    it's five five five
    and the code is nine two
    yeah let me see
    I ordered it on
    could I speak with
    so I'd like to
    if you could just
    I'm not really
    the name on the account is
    it says that my
    we need to be there by
    I'm looking for a
    does the price include
    I want a refund for the
    I've been a customer for
    do you know whether
    I have a question about
    I'd rather have the
    could you please tell
    they sent me the wrong
    I live on
    what happens if I
    the last time we
    it's either Tuesday or
    I'm available after five or
    it depends on
    there's a problem with my
    I saw on your website that
    I think I
    yes but I
    no I want
    okay and how much would
    let's say at around
    we'd like a room with
    I'm going to need
    my email is john at gmail
    it's spelled s m i
    I can do Monday but
    you know it's just that
    the doctor told me to
    I was hoping to
    I got a letter saying that
    my husband and
    last week I bought a pair of shoes
    I called yesterday
    I'd like to book an appointment
    so on Friday
    for next Saturday
    hi my name is Anna
    my insurance company
    I received the package
    when I got home
    the blue jacket
    if it rains
    in the morning
    about the invoice from March
    to be honest
";

/// Whole turns of callers.
const SPANISH: &str = "
    quiero reservar una mesa para dos
    llamo por mi cita del jueves
    puedo hablar con alguien de facturación
    sí me parece bien
    tienen algo más temprano
    a qué hora cierran hoy
    necesito cancelar mi reserva
    me lo puede repetir por favor
    me llamo Carmen Ruiz
    creo que me quedo con el azul
    cuánto cuesta
    no gracias
    eso es todo
    me puede enviar un correo de confirmación
    no estoy seguro
    es para mi hija
    dónde están
    hay aparcamiento cerca
    me cobraron dos veces el mes pasado
    el paquete no ha llegado
    sí ya soy cliente
    se me olvidó la contraseña
    el viernes a las tres
    me parece perfecto
    prefiero por la mañana
    qué me recomienda
    no tengo la tarjeta aquí
    es por la factura que me mandaron
    quiero devolver unos zapatos
    cuánto hay que esperar
    internet no funciona desde ayer
    me puede decir cuándo llega
    me mudé la semana pasada
    somos seis personas
    el coche no arranca
    necesito una receta
    podemos hacerlo el lunes
    con quién hablo
    para qué es
    espero que sí
    creo que sí
    sí adelante
    claro por qué no
    eso no es lo que pedí
    lo entregaron en otra dirección
    quisiera cambiar mi vuelo
    tiene garantía
    cómo entro en mi cuenta
    vivo cerca de la estación
    está en el segundo piso
    tengo que llevar algo
    solo nosotros dos
    lo antes posible
    el próximo miércoles si puede ser
    llamo más tarde
    nada más gracias
    muchas gracias
    llevo una hora esperando
    ya lo he intentado
    no sigue igual
    mi mujer hizo la reserva
    soy alérgico a los frutos secos
    habla inglés
    también quiero la grande
    no me dieron el recibo
    sería perfecto
    qué tal está
    lo necesito para mañana
    no importa
    puedo pagar en efectivo
    el desayuno está incluido
    perdí las llaves
    qué documentos necesito
    creo que no
    tengo una pregunta sobre mi factura
    tiene siete años
    la calefacción no funciona
    sí es correcto
    no el otro
    voy a llegar diez minutos tarde
    cancélela por favor
    quiero hablar con un encargado
    qué significa eso
    está a nombre de mi marido
";

/// Turns cut where people pause, the last ones without a trace of it.
const SPANISH_CUT: &str = "
    quiero reservar una mesa para
    llamo porque
    me llamo
    quería saber si
    sí mire estaba mirando el
    me puede decir a qué hora
    necesito cambiar mi
    tienen algo para el
    es por el pedido que
    quiero asegurarme de que
    el problema es que
    me gustaría
    me lo puede mandar a mi
    estábamos pensando en
    tengo una cita con
    mi dirección es
    estoy buscando
    le llamo por
    cuando intento entrar me
    quiero dos pizzas grandes y
    hay alguna forma de
    lo compré en
    empezó hace como
    puedo ir el
    vamos a ser unos
    me dijeron que
    no sé si
    creo que era
    mi hija tiene
    preferiría algo en la
    porque la última vez
    bueno pues
    a ver
    y luego cuando
    es que
    se supone que es
    mi teléfono es el seis uno dos
    es el cinco cinco
    el código es nueve
    déjeme ver
    lo pedí el
    podría hablar con
    entonces quería
    si me pudiera
    la cuenta está a nombre de
    dice que mi
    tenemos que estar allí a las
    busco un
    llevo siendo cliente desde
    tengo una pregunta sobre
    me mandaron el
    vivo en
    qué pasa si
    o el martes o
    depende de
    hay un problema con
    vi en su página que
    sí pero
    no yo quiero
    y cuánto sería
    voy a necesitar
    mi correo es ana arroba gmail
    el médico me dijo que
    puedo el lunes pero
    mi marido y
    la semana pasada compré unos zapatos
    llamé ayer
    el viernes
    quería pedir una cita
    recibí el paquete
    cuando llegué a casa
    la chaqueta azul
";
